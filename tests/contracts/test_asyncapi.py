"""The document of our events is an AsyncAPI document, says what the running services do, and holds for records."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_chassis.bus.kafka.topics import configuration
from hotline_contracts.asyncapi import Party, asyncapi_document
from hotline_contracts.events.base import Envelope, encode
from hotline_contracts.events.registry import EVENTS
from hotline_contracts.events.titles import TITLES
from hotline_contracts.events.topics import TOPICS
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import BUILDERS, Machine
from hotline_local.web import gateway_of

from .asyncapi_document import (
    document_text,
    handled_by,
    parties_of,
    stored_document,
    stored_samples,
)
from .asyncapi_parser import AsyncApiParser, asyncapi_parser, require_node
from .asyncapi_promises import RecordRules, omissions
from .event_samples import values_of

__all__ = ["asyncapi_parser"]

TOPIC, TYPE, SENT, READ = "routing.tickets", "routing.ticket.dispatched.v1", "a.send", "b.receive"


def small_document() -> dict[str, Any]:
    """One real message, its sender and a reader: as good as all, and quicker to read a dozen times."""
    parties = [Party("routing-svc", [TOPIC]), Party("sla-svc", reads={TOPIC: [TYPE]})]
    whole = copy.deepcopy(asyncapi_document(parties, stored_samples(), title="t", version="1"))
    channel, (sent, read) = whole["channels"][TOPIC], whole["operations"].values()
    channel["messages"] = {TYPE: channel["messages"][TYPE]}
    sent["messages"] = read["messages"]
    used = {"CloudEventHeaders", "TicketDispatchedV1", "AssignmentGiven"}
    return {
        **whole,
        "channels": {TOPIC: channel},
        "operations": {SENT: sent, READ: read},
        "components": {
            "messages": {TYPE: whole["components"]["messages"][TYPE]},
            "schemas": {name: whole["components"]["schemas"][name] for name in used},
        },
    }


Mutation = Callable[[dict[str, Any]], object]
NOT_ASYNCAPI: dict[str, Mutation] = {
    "a channel's message that does not exist": lambda d: d["channels"][TOPIC]["messages"].update(
        {TYPE: {"$ref": "#/components/messages/nothing"}}
    ),
    "a payload that does not exist": lambda d: d["components"]["messages"][TYPE].update(
        payload={"$ref": "#/components/schemas/Nothing"}
    ),
    "a part of a payload that does not exist": lambda d: d["components"]["schemas"]["TicketDispatchedV1"][
        "properties"
    ]["assignments"].update(items={"$ref": "#/components/schemas/Nothing"}),
    "an address that is no text": lambda d: d["channels"][TOPIC].update(address=5),
    "another action": lambda d: d["operations"][SENT].update(action="publish"),
    "no action": lambda d: d["operations"][SENT].pop("action"),
    "no channel": lambda d: d["operations"][SENT].pop("channel"),
    "a channel that does not exist": lambda d: d["operations"][SENT].update(
        channel={"$ref": "#/channels/nothing"}
    ),
    "a message past its channel": lambda d: d["operations"][READ].update(
        messages=[{"$ref": f"#/components/messages/{TYPE}"}]
    ),
    "a field of another version": lambda d: d["channels"][TOPIC].update(subscribe={}),
    "partitions that are no number": lambda d: d["channels"][TOPIC]["bindings"]["kafka"].update(
        partitions="four"
    ),
    "a clean-up that Kafka does not know": lambda d: d["channels"][TOPIC]["bindings"]["kafka"][
        "topicConfiguration"
    ].update({"cleanup.policy": ["keep"]}),
    "a type that JSON Schema does not know": lambda d: d["components"]["schemas"]["TicketDispatchedV1"][
        "properties"
    ]["hash"].update(type="uuid"),
    "no title": lambda d: d["info"].pop("title"),
    "an older version": lambda d: d.update(asyncapi="2.6.0"),
    "no version": lambda d: d.pop("asyncapi"),
}

INCOMPLETE: dict[str, Mutation] = {
    "channel routing.tickets has another address: None": lambda d: d["channels"][TOPIC].pop("address"),
    "channel routing.tickets has no description": lambda d: d["channels"][TOPIC].pop("description"),
    "channel routing.tickets does not say its partitions": lambda d: d["channels"][TOPIC]["bindings"][
        "kafka"
    ].pop("partitions"),
    f"message {TYPE} has no payload": lambda d: d["components"]["messages"][TYPE].pop("payload"),
    f"message {TYPE} has no headers": lambda d: d["components"]["messages"][TYPE].pop("headers"),
    f"message {TYPE} has no examples": lambda d: d["components"]["messages"][TYPE].pop("examples"),
    f"message {TYPE} does not say its key": lambda d: d["components"]["messages"][TYPE].pop("bindings"),
    f"message {TYPE} is on no channel": lambda d: d["channels"][TOPIC].update(
        messages={"other": {"$ref": "#/components/messages/other"}}
    ),
    f"operation {READ} has no messages": lambda d: d["operations"][READ].update(messages=[]),
}


def mutants(mutations: dict[str, Mutation]) -> Iterator[dict[str, Any]]:
    for mutate in mutations.values():
        document = small_document()
        mutate(document)
        yield document


@pytest.fixture(scope="module")
def verdicts(asyncapi_parser: AsyncApiParser) -> dict[str, list[str]]:
    """What the official parser says of our document, a small one and each mutant; read in one go."""
    documents = [stored_document(), small_document(), *mutants(NOT_ASYNCAPI)]
    return dict(zip(["ours", "small", *NOT_ASYNCAPI], asyncapi_parser.verdicts(documents), strict=True))


@pytest.mark.xdist_group("asyncapi")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("document", ["ours", "small"])
def test_the_official_parser_has_nothing_against_it(verdicts: dict[str, list[str]], document: str) -> None:
    assert verdicts[document] == []


@pytest.mark.xdist_group("asyncapi")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", NOT_ASYNCAPI)
def test_the_official_parser_refuses(verdicts: dict[str, list[str]], mutant: str) -> None:
    assert verdicts[mutant] != []


def test_nothing_that_a_reader_needs_is_left_out() -> None:
    assert list(omissions(stored_document())) == []
    assert list(omissions(small_document())) == []


@pytest.mark.parametrize(
    ("omission", "document"), list(zip(INCOMPLETE, mutants(INCOMPLETE), strict=True)), ids=INCOMPLETE
)
def test_what_is_left_out_is_named(omission: str, document: dict[str, Any]) -> None:
    assert list(omissions(document)) == [omission]


def test_the_document_says_what_the_running_services_do(machine: Machine) -> None:
    current = document_text(parties_of(machine))
    assert json.loads(current) == stored_document(), "run make snapshots"


async def test_the_gateway_serves_it(machine: Machine) -> None:
    client = GatewayClient(gateway_of(machine, access_log=False))
    assert await client.get("/asyncapi.json", token="") == stored_document()


async def test_readers_in_the_document_are_those_that_keep_positions(machine: Machine) -> None:
    await machine.drain()
    operations = stored_document()["operations"].values()
    for service in machine.services.values():
        async with service.database.reading() as connection:
            kept = await connection.fetch("SELECT DISTINCT topic FROM positions")
        said = {
            operation["channel"]["$ref"].removeprefix("#/channels/")
            for operation in operations
            if operation["action"] == "receive" and operation["tags"] == [{"name": service.name}]
        }
        assert {row["topic"] for row in kept} == said, service.name


def test_every_topic_of_a_running_service_has_one_writer(machine: Machine) -> None:
    written = [topic for party in parties_of(machine) for topic in party.publishes]
    assert len(written) == len(set(written))
    running = {*machine.services, "reference"}
    assert {topic for topic in TOPICS if topic.partition(".")[0] in running} == set(written)


@pytest.mark.parametrize("topic", TOPICS)
def test_kafka_keeps_a_topic_as_the_document_says(topic: str) -> None:
    made = configuration(topic, min_insync=2)
    assert stored_document()["channels"][topic]["bindings"]["kafka"]["topicConfiguration"] == {
        "cleanup.policy": [made.get("cleanup.policy", "delete")],  # Kafka's own default
        "retention.ms": int(made["retention.ms"]),
        "retention.bytes": int(made["retention.bytes"]),
    }


def test_a_second_writer_of_a_topic_is_refused() -> None:
    with pytest.raises(ValueError, match=r"routing\.tickets is published by one and by two"):
        asyncapi_document(
            [Party("one", [TOPIC]), Party("two", [TOPIC])], stored_samples(), title="t", version="1"
        )


def test_whoever_reads_a_topic_acts_upon_something_of_it(machine: Machine) -> None:
    for party in parties_of(machine):
        for topic, types in party.reads.items():
            assert types, f"{party.name} reads {topic} and does nothing"


def test_no_service_waits_for_events_of_a_topic_that_it_does_not_read(machine: Machine) -> None:
    for name, service in machine.services.items():
        if service.consumer is not None:
            for event in handled_by(BUILDERS[name][0]):
                assert event.TOPIC in service.consumer.topics, f"{name} never sees {event.TYPE}"


def test_every_event_has_a_title_of_its_own() -> None:
    assert TITLES.keys() == EVENTS.keys()
    assert len(set(TITLES.values())) == len(TITLES)


RULES = RecordRules(stored_document())


@pytest.mark.parametrize("name", EVENTS)
def test_the_example_keeps_the_rules_of_its_message(name: str) -> None:
    (example,) = stored_document()["components"]["messages"][name]["examples"]
    assert RULES.broken(name, example["headers"], example["payload"]) == []


@pytest.mark.parametrize("name", EVENTS)
def test_every_record_that_we_can_write_keeps_them(name: str) -> None:
    rule = stored_document()["components"]["messages"][name]["headers"]["allOf"][1]["properties"]
    source = rule.get("ce_source", {"const": "nobody-yet"})["const"]

    @given(
        values_of(EVENTS[name]),
        st.uuids(),
        st.datetimes(timezones=st.just(UTC)),
        st.integers(1, 2**63 - 1),
        st.none() | st.just("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    )
    def holds(event: Any, some_id: Any, at: Any, sequence: int, trace: str | None) -> None:
        envelope = Envelope(
            topic=EVENTS[name].TOPIC,
            key=str(some_id),
            event_id=some_id,
            type=name,
            source=source,
            subject=str(some_id),
            at=at,
            sequence=sequence,
            value=encode(event),
            traceparent=trace,
        )
        headers = {header: value.decode() for header, value in envelope.headers()}
        assert envelope.value is not None
        assert RULES.broken(name, headers, json.loads(envelope.value)) == []

    holds()


BROKEN_RECORDS: dict[str, tuple[Mutation, str]] = {
    "a header is missing": (lambda e: e["headers"].pop("ce_id"), "'ce_id' is a required property"),
    "the type is another": (lambda e: e["headers"].update(ce_type="x.y.z.v1"), "was expected"),
    "the source is another": (lambda e: e["headers"].update(ce_source="sla-svc"), "was expected"),
    "the sequence begins at 0": (lambda e: e["headers"].update(ce_sequence="0"), "does not match"),
    "the instant has no offset": (
        lambda e: e["headers"].update(ce_time="2026-02-13T00:30:00.000000"),
        "is not a 'date-time'",
    ),
    "the subject is no id": (lambda e: e["headers"].update(ce_subject="one"), "is not a 'uuid'"),
    "a field is missing": (lambda e: e["payload"].pop("round"), "'round' is a required property"),
    "an id is none": (lambda e: e["payload"].update(ticket_id="T1"), "is not a 'uuid'"),
    "a value is unknown": (lambda e: e["payload"].update(type="wish"), "is not one of"),
    "a part is broken": (
        lambda e: e["payload"]["assignments"][0].update(role="boss"),
        "is not one of",
    ),
}


@pytest.mark.parametrize(("change", "said"), BROKEN_RECORDS.values(), ids=BROKEN_RECORDS)
def test_a_record_that_breaks_a_rule_is_seen(change: Mutation, said: str) -> None:
    document = small_document()
    (example,) = document["components"]["messages"][TYPE]["examples"]
    change(example)
    broken = RecordRules(document).broken(TYPE, example["headers"], example["payload"])
    assert any(said in fault for fault in broken), broken


def test_a_field_that_the_document_does_not_know_is_no_fault() -> None:
    document = small_document()
    (example,) = document["components"]["messages"][TYPE]["examples"]
    example["payload"]["new"] = 1
    assert RecordRules(document).broken(TYPE, example["headers"], example["payload"]) == []


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_node_a_laptop_skips_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"Node\.js 18 or newer is needed, this is none"):
        require_node()
