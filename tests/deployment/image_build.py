"""Runs the Dockerfile's build stage without Docker: its own RUN lines, in a copy of what is sent, in scratch folders.

Its ENV is left out: compiling everything ahead is for containers only.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from shlex import quote

from .dockerfile import parse, sent

INSTALLED = "/opt/hotline"


class DidNotBuild(Exception):
    """A step ended with an error."""


def send(checkout: Path, context: Path, ignore: str) -> None:
    """Copy what the build would be sent; only folders that it names are looked into."""
    for name in ("libs", "services", "gateway", "deploy"):
        for path in (checkout / name).rglob("*"):
            relative = path.relative_to(checkout).as_posix()
            if path.is_file() and sent(ignore, relative):
                _copy(path, context / relative)
    for path in checkout.iterdir():
        if path.is_file() and sent(ignore, path.name):
            _copy(path, context / path.name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


class Workshop:
    """The build stage as far as it is the same for all services: what Docker's cache keeps.

    Raises:
        DidNotBuild: with what the step said.
    """

    def __init__(self, context: Path, scratch: Path, dockerfile: str) -> None:
        self.place = scratch / "build"
        self.place.mkdir(parents=True)
        self._scratch = scratch
        [stage, _] = parse(dockerfile)
        common = [instruction for instruction, _ in stage.steps].index("ARG")
        self._rest = stage.steps[common:]
        for instruction, text in stage.steps[:common]:
            if instruction == "COPY":
                *sources, target = text.split()
                for source in sources:
                    _place(context / source, self.place / target, into=target.endswith("/"))
            elif instruction == "RUN":
                self._run(text, {})

    def build(self, service: str, called: str | None = None) -> Path:
        """Go on for one service; returns the virtual environment that its image would have."""
        installed = self._scratch / (called or service)
        for instruction, text in self._rest:
            if instruction == "RUN":
                self._run(text.replace(INSTALLED, quote(str(installed))), {"SERVICE": service})
        return installed

    def _run(self, line: str, told: dict[str, str]) -> None:
        line = re.sub(r"(?<![\w/])python -m (?=venv|pip)", f"{quote(sys.executable)} -m ", line)
        inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}  # noqa: TID251
        ran = subprocess.run(
            ["sh", "-euc", line],
            cwd=self.place,
            env=inherited | told,
            capture_output=True,
            text=True,
            check=False,
            timeout=250,
        )
        if ran.returncode:
            raise DidNotBuild(ran.stderr)


def _place(source: Path, target: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.mkdir(exist_ok=True) if into else None
        shutil.copyfile(source, target / source.name if into else target)
