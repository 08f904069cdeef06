"""What each event looks like on the wire, as last agreed, and which changes a reader of that would survive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from hotline_contracts.events.base import Event
from hotline_contracts.events.registry import EVENTS

AGREED = Path(__file__).parent / "snapshots/events"


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


def current() -> dict[str, str]:
    """Snapshot text by event type."""
    return {name: as_text(schema_of(event)) for name, event in EVENTS.items()}


def as_text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def agreed() -> dict[str, str]:
    return {
        path.name.removesuffix(".json"): path.read_text(encoding="utf-8") for path in AGREED.glob("*.json")
    }


def breaks(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Changes after which an old record or an old reader fails; an added optional field is none.

    Stricter than decoding needs (a field that becomes optional or a longer list of values is refused too):
    readers of the first form are still running when the second is written.
    """
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield f"{at or 'event'} was {before!r}, is {after!r}"
        return
    yield from _field_breaks(before.get("properties", {}), after, at)
    old_required = set(before.get("required", ()))
    for field in sorted(set(after.get("required", ())) ^ old_required):
        if field in before.get("properties", {}):
            yield f"{at}{field} {'is no longer' if field in old_required else 'became'} required"
    for key in sorted((before.keys() | after.keys()) - {"properties", "required"}):
        yield from _keyword_breaks(before.get(key), after.get(key), at, key)


def _field_breaks(before: dict[str, Any], after: dict[str, Any], at: str) -> Iterator[str]:
    fields = after.get("properties", {})
    for field, schema in before.items():
        if field in fields:
            yield from breaks(schema, fields[field], f"{at}{field}.")
        else:
            yield f"{at}{field} is gone"
    for field in sorted((fields.keys() - before.keys()) & set(after.get("required", ()))):
        yield f"{at}{field} is new and required"


def _keyword_breaks(before: Any, after: Any, at: str, key: str) -> Iterator[str]:
    if key in {"anyOf", "prefixItems"} and before and after and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            yield from breaks(old, new, at)
    elif key == "items":
        yield from breaks(before, after, f"{at}[].")
    elif before != after:
        yield f"{at}{key} was {before!r}, is {after!r}"
