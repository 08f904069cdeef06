"""What travels in a running city is what the AsyncAPI document says."""

import json
from collections import Counter

from hotline_chassis.bus.port import Record
from hotline_contracts.events.topics import TOPICS, named
from tests.contracts.asyncapi_document import stored_document
from tests.contracts.asyncapi_promises import RecordRules

from .conftest import City
from .test_request_to_red_card import delivered

TOLD = {
    *("intake.request.accepted.v1", "intake.text.put.v1", "reference.unit.put.v1"),
    *("reference.policy.published.v1", "reference.calendar.published.v1"),
    *("routing.ticket.created.v1", "routing.ticket.dispatched.v1", "routing.ticket.signed.v1"),
    *("routing.ticket.interim_feedback_given.v1", "routing.ticket.replied.v1", "routing.text.put.v1"),
    *("routing.ticket.reply_rejected.v1", "routing.ticket.reply_approved.v1", "routing.ticket.closed.v1"),
    *("sla.clock.started.v1", "sla.clock.met.v1", "sla.clock.reopened.v1", "sla.card.issued.v1"),
}
"""Types that the day below must have brought about, so that the check cannot be empty."""


async def live_a_day(city: City) -> None:
    """One ticket to its end, and one that nobody signs until it is red."""
    await delivered(city)
    ticket = await delivered(city, emergent="public_safety")
    for action, body in [
        ("sign", None),
        ("interim-feedback", {"text": "已派人到场。"}),
        ("reply", {"text": "已修复。"}),
        ("reply/reject", {"note": "请附照片。"}),
        ("reply", {"text": "已修复，照片见附件。"}),
        ("reply/approve", None),
        ("close", None),
    ]:
        answer = await city.act(ticket, action, body)
        assert answer.status == 200, (action, answer.body)
        await city.machine.drain()
    await city.at("2026-03-02T18:00:00+08:00")
    await city.machine.drain()


async def everything(city: City) -> list[Record]:
    """All records of all topics of the document."""
    bus = city.machine.bus
    reader = await bus.reader("looks at everything", list(TOPICS))
    records: list[Record] = []
    try:
        ends = await bus.end_offsets(list(TOPICS))
        while len(records) < sum(ends.values()):
            for partition in reader.assignment() - {(r.topic, r.partition) for r in records}:
                reader.seek(partition, 0)
            records += await reader.fetch(1000, 0.5)
    finally:
        await reader.close()
    return records


async def test_every_record_of_a_day_keeps_the_rules_of_its_message(city: City) -> None:
    await live_a_day(city)
    document = stored_document()
    rules, seen = RecordRules(document), Counter[str]()
    for record in await everything(city):
        headers = {name: value.decode() for name, value in record.headers}
        kind = headers["ce_type"]
        assert kind in document["channels"][record.topic]["messages"], record.topic
        assert record.value is not None
        payload = json.loads(record.value)
        assert rules.broken(kind, headers, payload) == []
        topic = TOPICS[record.topic]
        assert named(topic.key, payload) in {record.key.decode(), None}
        assert named(topic.subject, payload) in {headers["ce_subject"], None}
        seen[kind] += 1
    assert set(seen) >= TOLD, f"the day did not bring about {TOLD - set(seen)}"
