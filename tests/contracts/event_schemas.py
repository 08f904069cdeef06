"""What events and topics look like on the wire: as the code has it, as last agreed, as a commit had it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from hotline_contracts.events.base import Event
from hotline_contracts.events.registry import EVENTS
from hotline_contracts.events.topics import TOPICS

from .compatibility import Agreement

ROOT = Path(__file__).parents[2]
AGREED = Path(__file__).parent / "snapshots/events"
AGREED_TOPICS = AGREED.parent / "topics.json"
_PROSE = {"title", "about", "name"}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """JSON schema with its references put in place and without class names and prose: the wire format alone."""
    (root,), definitions = msgspec.json.schema_components([event], ref_template="{name}")
    return {"x-topic": event.TOPIC, **_resolve(root, definitions)}


def _resolve(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolve(definitions[node["$ref"]], definitions)
        return {
            key: {name: _resolve(inner, definitions) for name, inner in value.items()}
            if key == "properties"
            else sorted(value)
            if key == "required"
            else _resolve(value, definitions)
            for key, value in node.items()
            if key not in {"description", "title"}
        }
    if isinstance(node, list):
        return [_resolve(inner, definitions) for inner in node]
    return node


def as_text(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def current() -> Agreement:
    """What this checkout's code sends."""
    shapes = {
        name: {said: value for said, value in asdict(topic).items() if said not in _PROSE}
        for name, topic in TOPICS.items()
    }
    return Agreement({name: schema_of(event) for name, event in EVENTS.items()}, shapes)


def agreed() -> Agreement:
    """What the snapshots of this checkout say."""
    return Agreement(
        {
            path.name.removesuffix(".json"): json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(AGREED.glob("*.json"))
        },
        json.loads(AGREED_TOPICS.read_text(encoding="utf-8")),
    )


def agreed_at(commit: str, root: Path = ROOT) -> Agreement:
    """What the snapshots of a commit said: a topic's shape only since it has been part of them.

    Raises:
        CalledProcessError: there is no such commit.
    """
    folder = AGREED.relative_to(ROOT).as_posix()
    listed = _git(root, "ls-tree", "--name-only", "-r", commit, "--", folder).splitlines()
    topics = AGREED_TOPICS.relative_to(ROOT).as_posix()
    shapes = (
        json.loads(_git(root, "show", f"{commit}:{topics}"))
        if _git(root, "ls-tree", "--name-only", commit, "--", topics)
        else {}
    )
    return Agreement(
        {
            Path(path).name.removesuffix(".json"): json.loads(_git(root, "show", f"{commit}:{path}"))
            for path in listed
        },
        shapes,
    )


def releases(root: Path = ROOT) -> Iterator[str]:
    """Tags of releases that this commit descends from; none where the checkout has no history."""
    if (root / ".git").exists():
        yield from _git(root, "tag", "--merged", "HEAD", "--list", "v[0-9]*").split()


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout
