"""The Dockerfile: what it copies exists and is sent, its last stage is small and runs as nobody."""

import re
from collections.abc import Iterator
from pathlib import Path

from .dockerfile import Stage, entrypoint, parse, sent

PYTHON = "python:3.11-slim"
USER = "65532:65532"
NEVER_SENT = (
    ".env",
    ".git/config",
    ".hotline/keys/lookup.key",
    "services/intake-svc/tests/test_x.py",
    "deploy/kafka/pom.xml",
)
_TOOLS = re.compile(r"\b(pip|uv|apt-get|apt|gcc|make)\b")


def wrong_sources(text: str, ignore: str, checkout: Path) -> Iterator[str]:
    """Every COPY finds its source, in the checkout or in a stage above."""
    above: set[str | None] = set()
    for stage in parse(text):
        for origin, sources, _ in stage.copies:
            if origin is not None and origin not in above:
                yield f"COPY from {origin}, which is no stage above"
            for source in sources if origin is None else []:
                if not (checkout / source).exists():
                    yield f"COPY of {source}, which is not there"
                elif not any(sent(ignore, path) for path in _files(checkout, source)):
                    yield f"COPY of {source}, which is not sent to the build"
        above.add(stage.name)
    yield from (f"{path} is sent to the build" for path in NEVER_SENT if sent(ignore, path))


def _files(checkout: Path, source: str) -> Iterator[str]:
    whole = checkout / source
    files = [whole] if whole.is_file() else whole.rglob("*.py")
    yield from (path.relative_to(checkout).as_posix() for path in files)


def wrong_stages(text: str) -> Iterator[str]:
    """One argument decides which service; the last stage has no tools, a number for a user, and Python itself as process 1."""
    stages = parse(text)
    build, last = stages[0], stages[-1]
    if [stage.image for stage in stages] != [PYTHON, PYTHON]:
        yield f"the stages stand on {[stage.image for stage in stages]}, a virtual environment fits one Python only"
    if "SERVICE" not in build.arguments or not any("$SERVICE" in run for run in build.runs):
        yield "SERVICE is not asked for, or not used"
    for unused in (name for name in build.arguments if not any(f"${name}" in run for run in build.runs)):
        yield f"{unused} is asked for and not used"
    if last.last("USER") != USER:
        yield f"runs as {last.last('USER')}"
    if entrypoint(last) != ["python", "-m"]:
        yield f"begins with {entrypoint(last)}"
    for run in (run for run in last.runs if _TOOLS.search(run)):
        yield f"the last stage builds: {run}"
    yield from _unlocked(build)
    yield from _closed_ports(last)


def _unlocked(build: Stage) -> Iterator[str]:
    for run in build.runs:
        if "pip install" in run and not (
            "--require-hashes" in run or "--constraints requirements.lock" in run
        ):
            yield f"installs without the lock: {run}"


def _closed_ports(last: Stage) -> Iterator[str]:
    if last.last("EXPOSE") != "8080 8081":
        yield f"opens {last.last('EXPOSE')}"
