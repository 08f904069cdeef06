"""The AsyncAPI project's own parser, fetched into a git-ignored folder when it is first needed."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(__file__).parent / "asyncapi"
LOCK = FOLDER / "package-lock.json"
FETCHED = FOLDER / "node_modules/.fetched"
FETCH_WITHIN_S = 240
NODE_AT_LEAST = 18

_NEWER_EXISTS = "asyncapi-latest-version"
"""What the parser says of every document that is not of its newest version."""


class AsyncApiParser:
    def verdicts(self, documents: Sequence[Any]) -> list[list[str]]:
        """What the parser has against each document, ``code path: message``; an empty list if it is one."""
        answer = subprocess.run(
            ["node", FOLDER / "validate.mjs"],
            input=json.dumps(documents),
            capture_output=True,
            text=True,
            check=True,
        )
        return [
            [
                f"{said['code']} {said['path']}: {said['message']}"
                for said in diagnostics
                if said["code"] != _NEWER_EXISTS
            ]
            for diagnostics in json.loads(answer.stdout)
        ]


def report_missing(reason: str) -> NoReturn:
    """Skip on a laptop; in CI a document that could not be validated is a failure."""
    if os.getenv("CI") == "true":
        pytest.fail(reason)
    pytest.skip(f"needs the AsyncAPI parser: {reason}")


def require_node() -> None:
    said = "v0"
    if shutil.which("node") is not None:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    version = int(said.removeprefix("v").partition(".")[0])
    if version < NODE_AT_LEAST:
        report_missing(f"Node.js {NODE_AT_LEAST} or newer is needed, this is {version or 'none'}")


def fetch() -> None:
    """Install what the lock names, unless that is here already."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if FETCHED.exists() and FETCHED.read_text() == wanted:
        return
    if shutil.which("npm") is None:
        report_missing("npm is not installed")
    try:
        fetched = subprocess.run(
            ["npm", "ci"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=FETCH_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        report_missing(f"npm ci took longer than {FETCH_WITHIN_S} s")
    if fetched.returncode:
        report_missing(f"npm ci: {fetched.stderr.strip()[-500:]}")
    FETCHED.write_text(wanted)


@pytest.fixture(scope="session")
def asyncapi_parser() -> AsyncApiParser:
    require_node()
    fetch()
    return AsyncApiParser()
