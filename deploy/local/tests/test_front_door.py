"""What a newcomer reads is true: both READMEs say the same, every command and link exists, the walk works."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline_local.__main__ import app

ROOT = Path(__file__).parents[3]
READMES = (ROOT / "README.md", ROOT / "README.en.md")
PAGES = [
    *READMES,
    *sorted((ROOT / "docs/howto").glob("*.md")),
    ROOT / "docs/decisions/README.md",
    *sorted((ROOT / "services").glob("*/README.md")),
]
CODE_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)


def code_of(page: Path) -> str:
    """All code blocks and code spans of a page, a line each at least."""
    return "\n".join(chain.from_iterable(CODE.findall(page.read_text(encoding="utf-8"))))


def outline_of(page: Path) -> list[str]:
    """Marks of headings, table rows and pictures, in order, without their words."""
    without_code = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    marks = re.findall(r"^(#+ |\||!\[|- |> )", without_code, re.MULTILINE)
    columns = [line.count("|") for line in without_code.splitlines() if line.startswith("|")]
    return [*marks, *map(str, columns)]


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def test_both_readmes_have_the_same_structure() -> None:
    assert outline_of(READMES[0]) == outline_of(READMES[1])


def test_both_readmes_give_the_same_commands() -> None:
    chinese, english = (
        [block for kind, block in CODE_BLOCK.findall(page.read_text(encoding="utf-8")) if kind == "bash"]
        for page in READMES
    )
    assert chinese == english


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", code_of(page)))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_command_and_option_named_exists(page: Path) -> None:
    commands = {command.callback.__name__: command for command in app.registered_commands if command.callback}
    for name, rest in re.findall(r"(?:^|\s|/)hotline ([a-z]+)([^\n]*)", code_of(page)):
        assert name in commands
        helped = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in helped, f"{name} {option}"


def test_every_target_of_the_makefile_is_in_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    public = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert public <= set(re.findall(r"make ([a-z-]+)", code_of(READMES[0])))


def test_every_command_is_in_the_readme() -> None:
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback}
    assert commands <= set(re.findall(r"hotline ([a-z]+)", code_of(READMES[0])))


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    for decision in (ROOT / "docs/decisions").glob("0*.md"):
        assert f"({decision.name})" in index


@contextmanager
def demonstrated_system(data_dir: Path) -> Iterator[str]:
    """Address of a system after its demonstration."""
    command = [
        sys.executable,
        "-m",
        "hotline_local",
        "up",
        "--demo",
        "--scale",
        "0.02",
        "--port",
        "0",
        "--data-dir",
        str(data_dir),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = next((line for line in process.stdout if line.startswith("READY ")), "")
        assert ready, "it ended before READY"
        yield ready.split()[1]
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def test_the_walk_of_the_readme_ends_with_the_red_card(tmp_path: Path) -> None:
    walk = next(
        block
        for _, block in CODE_BLOCK.findall(READMES[0].read_text(encoding="utf-8"))
        if "/dev/token" in block
    )
    with demonstrated_system(tmp_path / "data") as address:
        said = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", walk.replace("http://127.0.0.1:8345", address)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    (red,) = json.loads(said.splitlines()[-1])["items"]
    assert (red["duty"], red["card"], red["unit"]) == ("interim_feedback", "red", "520400-E01")
    assert red["at"] == red["due_at"]
