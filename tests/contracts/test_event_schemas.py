"""Names of types and topics, and no personal data in facts."""

import re
from typing import Any

import pytest

from hotline_contracts.events.base import Event
from hotline_contracts.events.registry import COMPACTED, EVENTS, PARTITIONS

from .event_schemas import schema_of

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
