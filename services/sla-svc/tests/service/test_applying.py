"""Facts become clocks, cards and events on PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hotline_chassis.database import unpack_headers
from hotline_contracts.events import evaluation
from hotline_contracts.events.base import Envelope
from hotline_contracts.events.registry import decode
from hotline_contracts.ids import derived_id

MICROSECOND = timedelta(microseconds=1)
SHANGHAI = timezone(timedelta(hours=8))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def outbox(world: Any) -> list[Any]:
    """The decoded events of the clocks' topic, in order."""
    rows = await world.rows(
        "SELECT topic, key, headers, value FROM outbox WHERE topic = 'sla.clocks' ORDER BY id"
    )
    return [
        decode(Envelope.from_record(row["topic"], row["key"], unpack_headers(row["headers"]), row["value"]))
        for row in rows
    ]


@pytest.mark.rule("I4")
async def test_a_whole_life_keeps_every_card_though_it_comes_in_one_batch(world: Any) -> None:
    ticket, at = world.ticket(), local("2026-09-30 15:30")
    world.clock.set(local("2026-11-01 00:00"))
    await ticket.created(at, "complaint")
    await ticket.dispatched(at, "complaint")
    await ticket.signed(at + MICROSECOND)
    await ticket.replied(local("2026-10-20 17:00:00.000001"))
    await ticket.closed(local("2026-10-21 09:00"))
    await world.apply()
    assert await world.cards("handle") == [
        (None, "green", at),
        ("green", "yellow", local("2026-10-19 17:00")),
        ("yellow", "red", local("2026-10-20 17:00")),
    ]
    rows = await world.rows("SELECT duty, state, card FROM clocks ORDER BY duty")
    assert [tuple(row.values()) for row in rows] == [
        ("handle", "late", "red"),
        ("return_window", "lapsed", None),
        ("sign", "met", "green"),
    ]


async def test_every_change_is_told_once_in_order_with_derived_ids(world: Any) -> None:
    ticket, at = world.ticket(), local("2026-03-02 10:00")
    world.clock.set(at)
    cause = await ticket.dispatched(at)
    await world.apply()
    await ticket.signed(at + timedelta(hours=1))
    await world.apply()
    facts = [fact for fact in await outbox(world) if fact.event.duty == "sign"]
    sign_id = derived_id("clock", cause, ticket.lead, "sign", 1)
    assert [fact.envelope.type for fact in facts] == [
        "sla.clock.started.v1",
        "sla.card.issued.v1",
        "sla.clock.met.v1",
    ]
    assert [fact.envelope.sequence for fact in facts] == [1, 2, 3]
    assert {fact.envelope.subject for fact in facts} == {str(sign_id)}
    assert {fact.envelope.key for fact in facts} == {str(ticket.id)}
    assert [fact.event_id for fact in facts] == [derived_id("event", sign_id, n) for n in (1, 2, 3)]
    assert facts[1].event.card_id == derived_id("card", sign_id, "green", 2)
    instants = [fact.at for fact in facts]
    assert instants == sorted(set(instants))
    assert instants[0] > at  # told after what it tells


async def test_a_card_says_honestly_when_it_was_issued(world: Any) -> None:
    ticket, at, read_at = world.ticket(), local("2026-03-02 10:00"), local("2026-03-02 10:07")
    world.clock.set(read_at)
    await ticket.dispatched(at)
    await world.apply()
    [card] = await world.rows("SELECT at, issued_at, standing, why FROM cards WHERE duty = 'handle'")
    assert card["at"] == at
    assert read_at <= card["issued_at"] < read_at + timedelta(milliseconds=1)
    assert card["standing"] is True
    assert card["why"].startswith("办理时限5个工作日，自2026-03-02 10:00起，应不晚于2026-03-09 17:00答复")


async def test_a_repeated_fact_changes_nothing(world: Any) -> None:
    ticket, at = world.ticket(), local("2026-03-02 10:00")
    await ticket.dispatched(at)
    await world.apply()
    [log] = [log for log in world.bus.topic("routing.tickets").logs if log]
    await world.bus.append(list(log))
    await world.apply()
    [counted] = await world.rows(
        "SELECT (SELECT count(*) FROM clocks) AS clocks, (SELECT count(*) FROM cards) AS cards"
    )
    assert counted == {"clocks": 3, "cards": 2}


async def test_a_fact_of_an_unknown_assignment_parks_its_ticket_and_holds_its_clocks(world: Any) -> None:
    bad, good, at = world.ticket(), world.ticket(), local("2026-03-02 10:00")
    await bad.dispatched(at)
    await good.dispatched(at)
    await world.apply()
    await bad.signed(at + MICROSECOND, assignment_id=good.lead)
    await good.signed(at + MICROSECOND)
    await bad.replied(at + 2 * MICROSECOND)
    await world.apply()
    [parked] = await world.rows("SELECT count(*) AS records FROM parked")
    assert parked["records"] == 2
    rows = await world.rows("SELECT DISTINCT ticket_id, held FROM clocks")
    assert {row["ticket_id"]: row["held"] for row in rows} == {bad.id: True, good.id: False}
    [sign] = await world.rows("SELECT state FROM clocks WHERE duty = 'sign' AND ticket_id = $1", good.id)
    assert sign["state"] == "met"
    await world.tick(local("2026-04-01 00:00"))
    assert {
        row["ticket_id"] for row in await world.rows("SELECT ticket_id FROM cards WHERE card = 'red'")
    } == {good.id}


async def test_a_parked_key_holds_just_the_clocks_that_its_topic_drives(world: Any) -> None:
    at = local("2026-03-02 10:00")
    tickets = [world.ticket() for _ in range(2)]
    for ticket in tickets:
        await ticket.dispatched(at)
        await ticket.follow_up_opened(at + timedelta(hours=1), since=at)
    await world.apply()
    of_routing, of_evaluation = tickets
    await of_routing.signed(at + MICROSECOND, assignment_id=of_evaluation.lead)
    await world.publish(
        evaluation.FollowUpOpenedV1(
            ticket_id=of_evaluation.id, round=2, hash="", follow_up_id=of_evaluation.id, unit="u1",
            since=datetime(2003, 1, 1, tzinfo=UTC),
        ),
        subject=str(of_evaluation.id),
        at=at + timedelta(hours=2),
    )  # fmt: skip
    await world.apply()
    rows = await world.rows("SELECT DISTINCT ticket_id, duty, held FROM clocks")
    held = {(row["ticket_id"], row["duty"]) for row in rows if row["held"]}
    assert held == {
        *((of_routing.id, duty) for duty in ("sign", "handle", "return_window")),
        (of_evaluation.id, "follow_up"),
    }
    assert len(rows) == 8


@pytest.mark.rule("H4")
async def test_a_follow_up_is_the_hotlines_and_told_among_the_facts_of_its_ticket(world: Any) -> None:
    ticket, since = world.ticket(), local("2026-03-02 10:00")
    world.clock.set(since + timedelta(hours=1))
    cause = await ticket.follow_up_opened(since + timedelta(minutes=1), since=since)
    await world.apply()  # its ticket's own facts are still to come
    await ticket.follow_up_ended(since + timedelta(hours=1), "not_needed")
    await world.apply()
    follow_up = ticket.follow_up()
    [row] = await world.rows("SELECT * FROM clocks")
    clock_id = derived_id("clock", cause, follow_up, "follow_up", 1)
    assert (row["clock_id"], row["subject_id"], row["ticket_id"]) == (clock_id, follow_up, ticket.id)
    assert (row["unit"], row["assignment_id"], row["type"], row["started_at"]) == (None, None, None, since)
    assert (row["state"], row["stopped_at"]) == ("cancelled", since + timedelta(hours=1))
    facts = await outbox(world)
    assert [fact.envelope.type for fact in facts] == [
        "sla.clock.started.v1",
        "sla.card.issued.v1",
        "sla.clock.cancelled.v1",
    ]
    assert {(fact.envelope.key, fact.envelope.subject) for fact in facts} == {(str(ticket.id), str(clock_id))}
    assert {(fact.event.ticket_id, fact.event.unit) for fact in facts} == {(ticket.id, None)}


@pytest.mark.rule("I3")
async def test_a_redo_is_a_clock_of_round_2_beside_the_first_handling(world: Any) -> None:
    ticket, at = world.ticket(), local("2026-09-28 08:00")
    world.clock.set(local("2026-10-20 00:00"))
    await ticket.dispatched(at, "complaint")
    await ticket.signed(at + MICROSECOND)
    await ticket.replied(at + timedelta(hours=1))
    await ticket.redo_ordered(local("2026-09-28 10:00"), "complaint")
    await ticket.replied(local("2026-10-10 17:00"), 2)
    await world.apply()
    [redo] = await world.rows("SELECT * FROM clocks WHERE duty = 'redo'")
    assert (redo["round"], redo["assignment_id"], redo["state"]) == (2, ticket.lead, "met")
    assert await world.cards("redo") == [
        (None, "green", local("2026-09-28 10:00")),
        ("green", "yellow", local("2026-10-09 17:00")),
    ]
    [handle] = await world.rows("SELECT round, state, stopped_at FROM clocks WHERE duty = 'handle'")
    assert tuple(handle.values()) == (1, "met", at + timedelta(hours=1))


async def test_a_dispatch_before_the_first_policy_is_parked(world: Any) -> None:
    await world.ticket().dispatched(datetime(2003, 12, 31, 15, 59, tzinfo=UTC))
    await world.apply()
    [parked] = await world.rows("SELECT reason FROM parked")
    assert "no policy was effective" in parked["reason"]


async def test_a_rejected_reply_reopens_handling_and_its_clock_survives_the_database(world: Any) -> None:
    ticket = world.ticket()
    await ticket.dispatched(local("2026-03-02 10:00"))
    await ticket.signed(local("2026-03-02 10:30"))
    await ticket.replied(local("2026-03-09 16:00"))
    await world.apply()
    await ticket.reply_rejected(local("2026-03-09 16:30"))
    await world.apply()
    [handle] = await world.rows("SELECT * FROM clocks WHERE duty = 'handle'")
    assert (handle["state"], handle["due_at"], handle["reopened_at"], handle["stopped_at"]) == (
        "running",
        local("2026-03-10 17:00"),
        local("2026-03-09 16:30"),
        None,
    )
    assert handle["next_transition_at"] == local("2026-03-09 17:00")
    assert [card for _, card, _ in await world.cards("handle")] == ["green", "yellow", "green"]


async def test_references_are_published_once(world: Any) -> None:
    await world.service.seed()
    [counted] = await world.rows(
        "SELECT count(*) FILTER (WHERE topic = 'reference.policies') AS policies,"
        " count(*) FILTER (WHERE topic = 'reference.calendars') AS calendars FROM outbox"
    )
    assert counted == {"policies": 1, "calendars": 2026 - 2004 + 1}


async def test_many_rows_by_copy_are_the_same_as_few_by_arrays(new_world: Any, monkeypatch: Any) -> None:
    stored = []
    for many in (0, 10**9):
        monkeypatch.setattr("sla_svc.adapters.clocks.MANY", many)
        world, at = await new_world(), local("2026-03-02 10:00")
        world.clock.set(local("2026-03-20 00:00"))
        for number in range(3):
            ticket = world.ticket()
            await ticket.dispatched(at, emergent="area_outage", support="520400-D02")
            if number:
                await ticket.signed(at + MICROSECOND)
        await world.apply()
        await ticket.replied(local("2026-03-03 10:00"))
        await world.apply()
        await world.tick(local("2026-03-20 00:00"))
        clocks = await world.rows("SELECT * FROM clocks ORDER BY clock_id")
        stored.append((clocks, await world.rows("SELECT * FROM cards ORDER BY card_id")))
    assert stored[0] == stored[1]
    assert len(stored[0][0]) == 3 * 7
