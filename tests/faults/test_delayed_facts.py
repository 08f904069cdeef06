"""Facts that arrive long after they happened: a card must not depend on it."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hotline_chassis.clocks import VirtualTime
from hotline_local.audit import audit
from hotline_local.buses import BusChoice
from hotline_local.machine import Machine, running_machine
from tests.faults.small_town import MORNING, UNIT, Town

EITHER_SIDE = (
    timedelta(days=-1),
    timedelta(minutes=-1),
    timedelta(microseconds=-1),
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(minutes=1),
)
"""When a unit replies, from the deadline on: exactly at it is in time."""
LATE_FROM = timedelta(microseconds=1)
SEEDS = range(6)


@pytest.fixture
async def town(bus_choice: BusChoice, tmp_path: Path) -> AsyncIterator[Town]:
    """A machine whose relays, consumers and timers move only when told."""
    async with running_machine(tmp_path / "data", virtual_from=MORNING, bus=bus_choice) as machine:
        found = Town(machine)
        await found.put_unit(UNIT, "西秀区")
        yield found


@pytest.mark.rule("T3", "I4")
async def test_a_reply_in_time_never_earns_a_red_however_late_its_event_arrives(
    town: Town, tmp_path: Path
) -> None:
    for seed in SEEDS:
        late, red = await _live_with_delays(town, random.Random(seed))
        assert red == late, f"seed {seed}"
    report = await audit(tmp_path / "data")
    assert report["violations"] == []


async def test_a_timer_that_trusts_its_clock_instead_of_the_watermark_is_caught(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def now(*_: object) -> datetime:
        return town.machine.clock.now()

    monkeypatch.setattr("sla_svc.entrypoints.timer.applied_before", now)
    lives = [await _live_with_delays(town, random.Random(seed)) for seed in SEEDS]
    assert any(red - late for late, red in lives)


async def _live_with_delays(town: Town, chance: random.Random) -> tuple[set[str], set[str]]:
    """Tickets replied around their deadlines while everything behind them runs in any order.

    Returns:
        The tickets that were replied late, and those with a red card for it.
    """
    machine = town.machine
    tickets = [
        await town.request(type=kind) for kind in chance.choices(["consultation", "help", "complaint"], k=5)
    ]
    await machine.drain()
    for ticket in tickets:
        await town.act(ticket, "dispatch", {"lead": UNIT})
        await town.act(ticket, "sign")
    await machine.drain()
    due = {ticket: await _due_at(town, ticket) for ticket in tickets}
    replies = sorted((due[ticket] + chance.choice(EITHER_SIDE), ticket) for ticket in tickets)
    for at, ticket in replies:
        await _run_on(machine, at, chance)
        await town.act(ticket, "reply", {"text": "已办理。"})
        for _ in range(chance.randrange(4)):
            await chance.choice(STEPS)(machine)
    await _run_on(machine, max(due.values()) + timedelta(days=2), chance)
    await town.driver.catch_up()
    late = {ticket for at, ticket in replies if at - due[ticket] >= LATE_FROM}
    cards = await town.client.items(
        "/api/v1/cards", token=machine.issuer.issue(["auditor"]), query={"duty": "handle", "card": "red"}
    )
    return late, {card["ticket_id"] for card in cards} & set(tickets)


async def _run_on(machine: Machine, target: datetime, chance: random.Random) -> None:
    """Let time run on to ``target`` in a few strides, with anybody at work, or nobody, after each."""
    assert isinstance(machine.clock, VirtualTime)
    while (now := machine.clock.now()) < target:
        stride = (target - now) * chance.choice((0.5, 1))
        machine.clock.set(target if stride < timedelta(minutes=1) else now + stride)
        for _ in range(chance.randrange(4)):
            await chance.choice(STEPS)(machine)


async def _due_at(town: Town, ticket: str) -> datetime:
    token = town.machine.issuer.issue(["auditor"])
    found = await town.client.get(f"/api/v1/tickets/{ticket}/clocks", token=token)
    [handle] = [clock for clock in found["items"] if clock["duty"] == "handle"]
    return datetime.fromisoformat(handle["due_at"])


async def _relay(machine: Machine) -> None:
    await machine.relays["routing"].step()


async def _say_what_is_complete(machine: Machine) -> None:
    for relay in machine.relays.values():
        if relay.topics:
            await relay.publish_watermarks()


async def _consume(machine: Machine) -> None:
    consumer = machine.services["sla"].consumer
    assert consumer is not None
    await consumer.step(0.02)


async def _tick(machine: Machine) -> None:
    timer = machine.services["sla"].timer
    assert timer is not None
    await timer.tick()


STEPS: tuple[Callable[[Machine], Awaitable[None]], ...] = (_relay, _say_what_is_complete, _consume, _tick)
