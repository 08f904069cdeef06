"""Which changes of what was agreed would break somebody: a reader still running, or the records of ten years.

Readers of the first form run while the second is already written, and a release of today reads facts that were
written under every form before it. So a change is refused if an old reader fails on a new record *or* a new reader
on an old one: of all changes only an optional field, a new type and a new topic pass.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Agreement:
    """What is agreed with everybody who reads: schemas by event type, and the shape of each topic."""

    events: Mapping[str, dict[str, Any]]
    topics: Mapping[str, dict[str, Any]]


def refusals(before: Agreement, after: Agreement) -> list[str]:
    """What keeps ``after`` from taking the place of ``before``; empty if every reader survives."""
    found: list[str] = []
    for name, schema in before.events.items():
        if name not in after.events:
            found.append(f"{name} is gone")
        else:
            found += [f"{name}: {what}" for what in breaks(schema, after.events[name])]
    for name, shape in before.topics.items():
        if name not in after.topics:
            found.append(f"topic {name} is gone")
        else:
            found += [f"topic {name}: {what}" for what in _shape_breaks(shape, after.topics[name])]
    return found


def _shape_breaks(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Another key, subject or number of partitions ends the order of what is on its way; compaction loses facts."""
    for said in sorted(before.keys() | after.keys()):
        if before.get(said) != after.get(said):
            yield f"{said} was {before.get(said)!r}, is {after.get(said)!r}"


def breaks(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Changes of a schema after which an old record or an old reader fails; an added optional field is none.

    Stricter than decoding needs (a default that changes is refused too): what was written must keep its meaning.
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
    elif key == "additionalProperties" and isinstance(before, dict):
        yield from breaks(before, after, f"{at}{{}}.")
    elif before != after:
        yield f"{at}{key} was {before!r}, is {after!r}"
