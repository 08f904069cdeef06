"""Events on the wire stay what was agreed: other teams' programs and ten years of topics read them."""

import copy
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hotline_contracts.events.base import Event
from hotline_contracts.events.registry import COMPACTED, EVENTS, PARTITIONS

from .event_schemas import agreed, as_text, breaks, current, schema_of
from .write_snapshots import refused

TYPE_NAME = re.compile(
    r"^(?P<publisher>[a-z]+)\.(?P<subject>[a-z]+(?:_[a-z]+)*)\.(?P<action>[a-z]+(_[a-z]+)*)\.v(?P<version>[1-9]\d*)$"
)
PUBLISHERS = {"intake", "routing", "sla", "reference", "evaluation", "knowledge"}
PERSONAL = re.compile(
    r"(^|_)(name|phone|mobile|tel|email|id_card|idcard|address|requester|caller|subject|description|body"
    r"|content|text|reply|words|voice|sealed|birth\w*|gender|wechat|openid)(_|$)"
)
IDS = re.compile(r"_(id|no|code|hash|version|at|on)$")


def is_fact(event: type[Event]) -> bool:
    return event.TOPIC not in COMPACTED and not event.TOPIC.startswith("reference.")


def field_names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for inner in schema for name in field_names(inner)}
    if not isinstance(schema, dict):
        return set()
    own = set(schema.get("properties", {}))
    return own | {name for inner in schema.values() for name in field_names(inner)}


def looks_personal(schema: dict[str, Any]) -> set[str]:
    return {name for name in field_names(schema) if PERSONAL.search(name) and not IDS.search(name)}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_what_was_agreed(name: str) -> None:
    before = agreed().get(name)
    assert before is not None, f"{name} is new: run make snapshots"
    broken = list(breaks(msgspec.json.decode(before), schema_of(EVENTS[name])))
    assert not broken, f"{name} cannot change like this, publish a .v2 beside it: {broken}"
    assert before == current()[name], f"{name} has a new optional field: run make snapshots"


def test_no_agreed_event_is_gone() -> None:
    assert set(agreed()) <= set(EVENTS)


def test_the_snapshots_are_not_written_over_a_breaking_change() -> None:
    assert refused(agreed()) == []
    closed = schema_of(EVENTS["routing.ticket.closed.v1"])
    closed["properties"]["by"] = {"type": "string"}
    assert refused({"routing.ticket.closed.v1": as_text(closed), "routing.ticket.lost.v1": "{}"}) == [
        "routing.ticket.closed.v1: by is gone",
        "routing.ticket.lost.v1 is gone",
    ]


BEFORE = schema_of(EVENTS["routing.ticket.dispatched.v1"])


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    after = copy.deepcopy(BEFORE)
    change(after)
    return after


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda s: s["properties"].pop("round"), "round is gone", id="removed"),
        pytest.param(
            lambda s: (
                s["properties"].pop("hash"),
                s["properties"].update(digest={}),
                s["required"].append("digest"),
            ),
            "digest is new and required",
            id="renamed",
        ),
        pytest.param(
            lambda s: s["properties"]["round"].update(type="string"),
            "round.type was 'integer', is 'string'",
            id="another-type",
        ),
        pytest.param(
            lambda s: (s["properties"].update(level={"type": "integer"}), s["required"].append("level")),
            "level is new and required",
            id="required-added",
        ),
        pytest.param(
            lambda s: s["required"].append("text_id"), "text_id became required", id="made-required"
        ),
        pytest.param(
            lambda s: s["required"].remove("round"), "round is no longer required", id="made-optional"
        ),
        pytest.param(
            lambda s: s["properties"]["assignments"]["items"]["properties"].pop("unit"),
            "assignments.[].unit is gone",
            id="removed-inside-a-list",
        ),
        pytest.param(
            lambda s: s["properties"]["type"]["enum"].append("praise_twice"),
            "type.enum was",
            id="longer-list-of-values",
        ),
        pytest.param(lambda s: s.update({"x-topic": "sla.clocks"}), "x-topic was", id="another-topic"),
    ],
)
def test_a_change_that_breaks_readers_is_refused(
    change: Callable[[dict[str, Any]], object], said: str
) -> None:
    assert any(found.startswith(said) for found in breaks(BEFORE, changed(change)))


def test_an_added_optional_field_only_asks_for_a_new_snapshot() -> None:
    after = changed(lambda schema: schema["properties"].update(level={"type": "integer", "default": 1}))
    assert list(breaks(BEFORE, after)) == []
    assert as_text(after) != as_text(BEFORE)


@pytest.mark.parametrize(("name", "event"), EVENTS.items())
def test_a_type_is_named_publisher_subject_action_version(name: str, event: type[Event]) -> None:
    parts = TYPE_NAME.match(name)
    assert parts is not None
    assert parts["publisher"] in PUBLISHERS
    assert event.__name__.endswith(f"V{parts['version']}")


@pytest.mark.parametrize(
    "name", ["Routing.ticket.signed.v1", "routing.ticket.signed", "routing.sign.v1", "x.y.z.v0"]
)
def test_another_name_is_seen(name: str) -> None:
    assert TYPE_NAME.match(name) is None


@pytest.mark.parametrize(("name", "event"), EVENTS.items())
def test_every_event_has_a_topic_that_exists(name: str, event: type[Event]) -> None:
    assert event.TOPIC in PARTITIONS
    assert event.TOPIC.startswith((f"{name.partition('.')[0]}.", "reference."))


def test_every_topic_has_an_event() -> None:
    assert {event.TOPIC for event in EVENTS.values()} == set(PARTITIONS)


@pytest.mark.rule("H2")
@pytest.mark.parametrize("name", [name for name, event in EVENTS.items() if is_fact(event)])
def test_no_fact_has_a_field_that_looks_personal(name: str) -> None:
    assert looks_personal(schema_of(EVENTS[name])) == set()


@pytest.mark.parametrize("field", ["name", "requester_phone", "address", "reply_text", "caller"])
def test_a_personal_field_is_seen_also_inside_a_list(field: str) -> None:
    schema: dict[str, Any] = {
        "properties": {"people": {"items": {"properties": {field: {}, "text_id": {}, "name_hash": {}}}}}
    }
    assert looks_personal(schema) == {field}
