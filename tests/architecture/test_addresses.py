"""The checkout names no package registry and no folder of somebody's machine."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source_tree import ROOT, files_under, where

BUILD_FILES = (
    *("Makefile", "Dockerfile", "run", "pip.conf", ".npmrc"),
    *(".lock", "lock.json", ".in", ".toml", ".cfg", ".ini", ".xml", ".sh", ".yaml", ".yml"),
)
ADDRESS = re.compile(r"https?://([A-Za-z0-9.-]+)(/\S*)?")
NAMES_ONLY = re.compile(
    r"^(localhost|127\.0\.0\.1|www\.w3\.org|json-schema\.org|([\w-]+\.)*example\.(com|org)|\w+-svc)(/|$)"
    r"|^maven\.apache\.org/(POM|xsd|SETTINGS)"
)
INDEX_OPTION = re.compile(
    r"--(extra-)?index(-url)?[ =]|--find-links|UV_(DEFAULT_)?INDEX|PIP_INDEX_URL|<mirror>"
)
TEXT = (".py", ".md", ".json", ".txt", ".csv", ".properties", ".html", *BUILD_FILES)
MACHINE_PATH = re.compile(r"(?<![\w/.:<~-])/(work|root|home/\w+|Users/\w+|mnt|workspace)/\w")


def lines_of(root: Path, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for path in files_under(root, suffixes=suffixes):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield where(path, root, number), line


def registry_addresses(root: Path) -> list[str]:
    return [
        f"{place}: {line.strip()}"
        for place, line in lines_of(root, BUILD_FILES)
        if INDEX_OPTION.search(line)
        or any(not NAMES_ONLY.match(found[1] + (found[2] or "")) for found in ADDRESS.finditer(line))
    ]


def machine_paths(root: Path, checkout: Path) -> list[str]:
    """Absolute paths into somebody's folders, and any mention of where this checkout lies."""
    return [
        f"{place}: {line.strip()}"
        for place, line in lines_of(root, TEXT)
        if MACHINE_PATH.search(line) or str(checkout) in line
    ]


def test_locks_and_build_settings_name_no_registry() -> None:
    assert registry_addresses(ROOT) == []


def test_no_file_names_a_folder_of_a_machine() -> None:
    assert [found for found in machine_paths(ROOT, ROOT) if Path(__file__).name not in found] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("requirements.lock", "--index-url https://packages.example.net/simple"),
        ("requirements.lock", "x @ https://files.example.net/x.whl"),
        ("pom.xml", "<url>https://repo.example.net/maven2</url>"),
        ("Makefile", "UV_DEFAULT_INDEX=mirror make lock"),
    ],
)
def test_a_registry_address_is_seen(tmp_path: Path, name: str, line: str) -> None:
    (tmp_path / name).write_text(f"{line}\n", encoding="utf-8")
    assert registry_addresses(tmp_path) == [f"{name}:1: {line}"]


def test_a_schemas_name_is_no_registry(tmp_path: Path) -> None:
    line = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0" xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    (tmp_path / "pom.xml").write_text(line, encoding="utf-8")
    assert registry_addresses(tmp_path) == []


@pytest.mark.parametrize("line", ["DATA = '/home/li/data'", "see /root/x", "cd /srv/place/of/checkout"])
def test_a_path_of_a_machine_is_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.py").write_text(line, encoding="utf-8")
    assert machine_paths(tmp_path, Path("/srv/place/of/checkout")) == [f"settings.py:1: {line}"]
