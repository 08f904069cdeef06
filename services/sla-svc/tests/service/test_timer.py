"""The timer on PostgreSQL: up to the applied watermark, and never beyond it."""

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import structlog

SHANGHAI = timezone(timedelta(hours=8))
MICROSECOND = timedelta(microseconds=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


DELIVERED = local("2026-03-02 10:00")
SIGN_DUE = local("2026-03-03 17:00")
HANDLE_WARNED, HANDLE_DUE = local("2026-03-06 17:00"), local("2026-03-09 17:00")


async def running(world: Any) -> Any:
    """A ticket that is delivered and signed."""
    ticket = world.ticket()
    world.clock.set(DELIVERED)
    await ticket.dispatched(DELIVERED)
    await ticket.signed(DELIVERED + MICROSECOND)
    await world.apply()
    return ticket


@pytest.mark.rule("T3")
async def test_the_timer_wakes_a_microsecond_after_the_next_transition(world: Any) -> None:
    assert await world.service.timer.next_due_at() is None
    await running(world)
    assert await world.service.timer.next_due_at() == local("2026-03-03 17:00") + MICROSECOND  # return window


@pytest.mark.rule("T3")
async def test_a_card_comes_only_once_its_instant_has_passed(world: Any) -> None:
    await running(world)
    await world.tick(HANDLE_WARNED)
    assert [card for _, card, _ in await world.cards("handle")] == ["green"]
    assert await world.tick(HANDLE_WARNED + MICROSECOND) == 1
    assert await world.tick(HANDLE_WARNED + MICROSECOND) == 0
    await world.tick(HANDLE_DUE)
    assert [card for _, card, _ in await world.cards("handle")] == ["green", "yellow"]
    await world.tick(HANDLE_DUE + MICROSECOND)
    assert (await world.cards("handle"))[-1] == ("yellow", "red", HANDLE_DUE)
    assert await world.service.timer.next_due_at() is None


async def test_without_a_watermark_nothing_is_judged(world: Any) -> None:
    await running(world)
    assert await world.tick(local("2026-04-01 00:00"), complete=()) == 0
    assert [card for _, card, _ in await world.cards("handle")] == ["green"]


async def test_a_reply_that_waits_on_the_bus_is_never_overtaken_by_a_red(world: Any) -> None:
    ticket = await running(world)
    await ticket.replied(HANDLE_DUE)
    assert await world.tick(local("2026-04-01 00:00")) == 0  # the watermark lies beyond what was applied
    await world.apply()
    await world.tick(local("2026-04-01 00:00"))
    assert [card for _, card, _ in await world.cards("handle")] == ["green", "yellow"]
    [handle] = await world.rows("SELECT state FROM clocks WHERE duty = 'handle'")
    assert handle["state"] == "met"


async def test_one_jump_passes_several_transitions_of_one_clock(world: Any) -> None:
    await running(world)
    await world.tick(local("2026-06-01 00:00"))
    assert [card for _, card, _ in await world.cards("handle")] == ["green", "yellow", "red"]


async def test_more_than_one_claim_is_worked_off_in_one_tick(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("sla_svc.entrypoints.timer.CLAIM", 2)
    for _ in range(3):
        await world.ticket().dispatched(DELIVERED)
    await world.apply()
    assert await world.tick(local("2026-06-01 00:00")) == 9


FACTS_SQL = """
SELECT card_id, clock_id, ticket_id, duty, type, unit, round, card, was, due_at, at, why FROM cards ORDER BY card_id
"""


@pytest.mark.rule("I4")
async def test_one_jump_and_many_small_steps_give_identical_cards(new_world: Any) -> None:
    told = []
    for instants in ([], [DELIVERED + timedelta(hours=7 * n) for n in range(1, 60)]):
        world = await new_world()
        tickets = [world.ticket() for _ in range(4)]
        for n, ticket in enumerate(tickets):
            await ticket.dispatched(DELIVERED + n * MICROSECOND, emergent="public_safety" if n % 2 else None)
            await ticket.signed(DELIVERED + timedelta(minutes=10, microseconds=n))
        await world.apply()
        late = iter([(local("2026-03-06 17:00"), tickets[0]), (local("2026-03-09 17:00:01"), tickets[1])])
        following = next(late, None)
        for instant in [*instants, local("2026-04-01 00:00")]:
            while following and following[0] <= instant:
                await following[1].replied(following[0])
                following = next(late, None)
            await world.apply()
            await world.tick(instant)
        told.append(await world.rows(FACTS_SQL))
    assert told[0] == told[1]
    assert len(told[0]) == 20


async def test_the_loop_issues_cards_by_itself_and_ends_when_told(world: Any) -> None:
    await running(world)
    stop = asyncio.Event()
    loop = asyncio.create_task(world.service.background[0](stop))
    world.clock.set(HANDLE_DUE + MICROSECOND)
    await world.publish_watermark(HANDLE_DUE + MICROSECOND)
    async with asyncio.timeout(5):
        while (await world.cards("handle"))[-1][1] != "red":
            await world.service.database.outbox_written.wait(0.2)
        stop.set()
        await loop


async def test_a_watermark_that_stands_still_raises_an_alert_once(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("sla_svc.entrypoints.timer.STANDSTILL", 0.1)
    await running(world)
    world.clock.set(HANDLE_DUE + MICROSECOND)  # due, but no watermark says that the facts are complete
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        loop = asyncio.create_task(world.service.background[0](stop))
        async with asyncio.timeout(5):
            while not lines:
                await world.service.database.outbox_written.wait(0.02)
        await world.publish_watermark(HANDLE_DUE + MICROSECOND)
        async with asyncio.timeout(5):
            while (await world.cards("handle"))[-1][1] != "red":
                await world.service.database.outbox_written.wait(0.2)
        stop.set()
        await loop
    assert [line["event"] for line in lines] == ["timer.watermark_stands_still"]


@pytest.mark.rule("H4")
async def test_a_follow_up_waits_for_its_own_topic_and_nobody_waits_for_it(world: Any) -> None:
    """Until evaluation-svc says how far it is, its clocks stand and all others go on."""
    ticket = await running(world)
    await ticket.follow_up_opened(DELIVERED + timedelta(hours=2), since=DELIVERED + timedelta(hours=1))
    await world.apply()
    later = local("2026-04-01 00:00")
    assert await world.tick(later, complete=["routing.tickets"]) == 2  # handling and the return window
    assert (await world.cards("handle"))[-1] == ("yellow", "red", HANDLE_DUE)
    assert [card for _, card, _ in await world.cards("follow_up")] == ["green"]
    assert await world.tick(later, complete=["evaluation.ratings"]) == 1
    assert [card for _, card, _ in await world.cards("follow_up")] == ["green", "yellow", "red"]


@pytest.mark.rule("H4")
async def test_an_answer_that_waits_on_the_bus_is_never_overtaken_by_a_red_follow_up(world: Any) -> None:
    ticket, since = await running(world), DELIVERED + timedelta(hours=1)
    await ticket.follow_up_opened(since + MICROSECOND, since=since)
    await world.apply()
    await ticket.follow_up_ended(local("2026-03-05 17:00"))
    assert await world.tick(local("2026-04-01 00:00"), complete=["evaluation.ratings"]) == 0
    await world.apply()
    await world.tick(local("2026-04-01 00:00"))
    assert [card for _, card, _ in await world.cards("follow_up")] == ["green", "yellow"]


@pytest.mark.rule("T3")
async def test_a_follow_up_rated_exactly_at_its_deadline_was_late_because_its_end_is_told_after_the_rating(
    world: Any,
) -> None:
    ticket, since, due_at = await running(world), DELIVERED + timedelta(hours=1), local("2026-03-05 17:00")
    await ticket.follow_up_opened(since + MICROSECOND, since=since)
    await ticket.follow_up_ended(due_at + MICROSECOND, ended_at=due_at)
    await world.apply()
    await world.tick(local("2026-04-01 00:00"))
    assert [card for _, card, _ in await world.cards("follow_up")] == ["green", "yellow"]


async def test_one_group_that_stands_still_is_an_alert_though_the_other_moves_on(
    world: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("sla_svc.entrypoints.timer.STANDSTILL", 0.1)
    ticket, since = await running(world), DELIVERED - timedelta(days=20)
    await ticket.follow_up_opened(since + MICROSECOND, since=since)
    await world.apply()
    moved = HANDLE_DUE  # the follow-up is overdue, but nothing says that its topic is complete
    world.clock.set(moved)
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as lines:
        loop = asyncio.create_task(world.service.background[0](stop))
        async with asyncio.timeout(10):
            while not lines:
                moved += timedelta(minutes=1)
                world.clock.set(moved)
                await world.ticket().dispatched(moved - timedelta(days=5))
                await world.apply()
                await world.publish_watermark(moved, ["routing.tickets"])
                await world.service.database.outbox_written.wait(0.02)
        stop.set()
        await loop
    assert [line["event"] for line in lines] == ["timer.watermark_stands_still"]
    [warned] = await world.rows("SELECT next_transition_at FROM clocks WHERE duty = 'follow_up'")
    assert lines[0]["due_at"] == (warned["next_transition_at"] + MICROSECOND).isoformat()
    assert await world.rows("SELECT 1 FROM cards WHERE card = 'red'"), "the others went on"
