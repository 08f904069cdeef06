"""The Dockerfile as data: its stages, what each copies, and what it runs."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from .rendering import ROOT

DOCKERFILE = ROOT / "deploy/Dockerfile"
IGNORE = ROOT / "deploy/Dockerfile.dockerignore"


@dataclass
class Stage:
    """One FROM and what follows it."""

    image: str
    name: str | None
    arguments: list[str] = field(default_factory=list)
    copies: list[tuple[str | None, list[str], str]] = field(default_factory=list)
    """From which stage (None is the checkout), what, and whereto."""
    runs: list[str] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Every instruction and its text, in order."""

    def last(self, instruction: str) -> str | None:
        return next((text for name, text in reversed(self.steps) if name == instruction), None)


def parse(text: str) -> list[Stage]:
    stages: list[Stage] = []
    whole = re.sub(r"\\\n", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, map(str.strip, whole.splitlines())):
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            image, *named = re.split(r"\s+AS\s+", rest)
            stages.append(Stage(image, named[0] if named else None))
            continue
        stage = stages[-1]
        stage.steps.append((instruction, rest))
        if instruction == "ARG":
            stage.arguments.append(rest.partition("=")[0])
        elif instruction == "RUN":
            stage.runs.append(rest)
        elif instruction == "COPY":
            *options, target = shlex.split(rest)
            stages_named = [
                option.removeprefix("--from=") for option in options if option.startswith("--from=")
            ]
            sources = [option for option in options if not option.startswith("--")]
            stage.copies.append((stages_named[0] if stages_named else None, sources, target))
    return stages


def entrypoint(stage: Stage) -> list[str]:
    """In its exec form; a shell in front would keep SIGTERM to itself."""
    text = stage.last("ENTRYPOINT") or "[]"
    return list(json.loads(text)) if text.startswith("[") else ["sh", "-c", text]


def sent(ignore: str, path: str) -> bool:
    """Whether a file of the checkout reaches the build: the last matching pattern decides."""
    is_sent = True
    for pattern in (line.strip() for line in ignore.splitlines()):
        if pattern and not pattern.startswith("#"):
            keeps, shape = pattern.startswith("!"), pattern.removeprefix("!")
            if _matches(shape, path):
                is_sent = keeps
    return is_sent


def _matches(pattern: str, path: str) -> bool:
    """Docker's rule: a pattern matches a path or one of its folders; ``**`` spans folders, ``*`` does not."""
    parts = re.split(r"(\*\*/|\*)", pattern)
    spelled = {"**/": "(.*/)?", "*": "[^/]*"}
    shape = re.compile("".join(spelled.get(part, re.escape(part)) for part in parts))
    folders = Path(path).parts
    return any(shape.fullmatch("/".join(folders[:depth])) for depth in range(1, len(folders) + 1))
