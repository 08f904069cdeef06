"""Changes of one field of an event, with a record before and after: what breaks somebody, and what nobody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from hotline_contracts.events.base import Aware, Event

A_UUID = "0198c5a2-8d00-7000-8000-000000000001"
AN_INSTANT = "2026-02-13T18:30:00Z"
FIRST = "one.thing.done.v1"


@dataclass(frozen=True)
class Change:
    """One field before and after (None: no such field), and a record of each that shows the difference.

    ``fails`` says who cannot read: an old reader the new record, a new reader the old record, both or nobody.
    """

    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    fails: frozenset[Literal["old reader", "new reader"]]


def event(*fields: tuple[Any, ...] | None, topic: str = "a.topic") -> type[Event]:
    given = [("id", UUID), *(field for field in fields if field is not None)]
    made = msgspec.defstruct(
        "Made", given, bases=(Event,), namespace={"TYPE": FIRST, "TOPIC": topic}, frozen=True, kw_only=True
    )
    return cast("type[Event]", made)


def can_read(reader: type[Event], record: Mapping[str, Any]) -> bool:
    try:
        msgspec.json.decode(json.dumps({"id": A_UUID, **record}), type=reader)
    except msgspec.ValidationError:
        return False
    return True


OLD: frozenset[Literal["old reader", "new reader"]] = frozenset({"old reader"})
NEW: frozenset[Literal["old reader", "new reader"]] = frozenset({"new reader"})
NOBODY: frozenset[Literal["old reader", "new reader"]] = frozenset()


class Charge(msgspec.Struct):
    unit: str
    role: str


class ChargeWithoutRole(msgspec.Struct):
    unit: str


class ChargeWithTerm(msgspec.Struct):
    unit: str
    role: str
    term: int | None = None


BREAKING = {
    "removed": Change(("unit", str), None, {"unit": "a"}, {}, OLD),
    "an optional one removed": Change(
        ("unit", str | None, None), None, {"unit": "a"}, {}, NOBODY  # what it said is lost without a word
    ),
    "renamed": Change(("unit", str), ("body", str), {"unit": "a"}, {"body": "a"}, OLD | NEW),
    "another type": Change(("round", int), ("round", str), {"round": 1}, {"round": "1"}, OLD | NEW),
    "a number with a fraction": Change(("n", int), ("n", float), {"n": 1}, {"n": 1.5}, OLD),
    "an id made text": Change(("x", UUID), ("x", str), {"x": A_UUID}, {"x": "a"}, OLD),
    "a text made an id": Change(("x", str), ("x", UUID), {"x": "a"}, {"x": A_UUID}, NEW),
    "an instant made text": Change(("at", Aware), ("at", str), {"at": AN_INSTANT}, {"at": "noon"}, OLD),
    "one made a list": Change(("unit", str), ("unit", list[str]), {"unit": "a"}, {"unit": ["a"]}, OLD | NEW),
    "a value added to a list of values": Change(
        ("way", Literal["a"]), ("way", Literal["a", "b"]), {"way": "a"}, {"way": "b"}, OLD
    ),
    "a value taken from a list of values": Change(
        ("way", Literal["a", "b"]), ("way", Literal["a"]), {"way": "b"}, {"way": "a"}, NEW
    ),
    "text narrowed to a list of values": Change(
        ("way", str), ("way", Literal["a"]), {"way": "z"}, {"way": "a"}, NEW
    ),
    "may be null": Change(("unit", str), ("unit", str | None), {"unit": "a"}, {"unit": None}, OLD),
    "may not be null": Change(("unit", str | None), ("unit", str), {"unit": None}, {"unit": "a"}, NEW),
    "a required one added": Change(None, ("level", int), {}, {"level": 1}, NEW),
    "an optional one made required": Change(
        ("level", int, 1), ("level", int), {}, {"level": 1}, NEW
    ),
    "a required one made optional": Change(
        ("level", int), ("level", int, 1), {"level": 1}, {}, OLD
    ),
    "another default": Change(
        ("level", int, 1), ("level", int, 2), {}, {}, NOBODY  # old records change their meaning
    ),
    "removed inside a list": Change(
        ("charges", list[Charge]),
        ("charges", list[ChargeWithoutRole]),
        {"charges": [{"unit": "a", "role": "lead"}]},
        {"charges": [{"unit": "a"}]},
        OLD,
    ),
    "required inside a list": Change(
        ("charges", list[ChargeWithoutRole]),
        ("charges", list[Charge]),
        {"charges": [{"unit": "a"}]},
        {"charges": [{"unit": "a", "role": "lead"}]},
        NEW,
    ),
    "removed inside a map": Change(
        ("by_unit", dict[str, Charge]),
        ("by_unit", dict[str, ChargeWithoutRole]),
        {"by_unit": {"a": {"unit": "a", "role": "lead"}}},
        {"by_unit": {"a": {"unit": "a"}}},
        OLD,
    ),
    "another type inside a map": Change(
        ("versions", dict[str, int]),
        ("versions", dict[str, str]),
        {"versions": {"a": 1}},
        {"versions": {"a": "1"}},
        OLD | NEW,
    ),
}  # fmt: skip

HARMLESS = {
    "an optional one added": Change(None, ("level", int, 1), {}, {"level": 2}, NOBODY),
    "one that may be null added": Change(None, ("note_id", UUID | None, None), {}, {"note_id": None}, NOBODY),
    "a list of values added": Change(None, ("way", Literal["a", "b"], "a"), {}, {"way": "b"}, NOBODY),
    "an optional one added inside a list": Change(
        ("charges", list[Charge]),
        ("charges", list[ChargeWithTerm]),
        {"charges": [{"unit": "a", "role": "lead"}]},
        {"charges": [{"unit": "a", "role": "lead", "term": 3}]},
        NOBODY,
    ),
    "an optional one added inside a map": Change(
        ("by_unit", dict[str, Charge]),
        ("by_unit", dict[str, ChargeWithTerm]),
        {"by_unit": {"a": {"unit": "a", "role": "lead"}}},
        {"by_unit": {"a": {"unit": "a", "role": "lead", "term": None}}},
        NOBODY,
    ),
}
