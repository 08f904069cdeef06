"""The broker is killed under load, stays away, and comes back over its data: nothing lost, nothing doubled, no false card."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

import hotline_local.machine
from hotline_chassis.clocks import RealTime
from hotline_chassis.testing.kafka import LocalBroker
from hotline_chassis.troubles import EVERY_SECONDS
from hotline_local.audit import audit
from hotline_local.buses import BusChoice
from hotline_local.machine import Machine, running_machine
from hotline_local.web import Server, gateway_of, listen
from tests.load.production_layout import until

from .progress import on_its_way
from .small_town import MORNING
from .town_traffic import Traffic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400), pytest.mark.xdist_group("broker-outage")]

PASSES_MEANWHILE = timedelta(minutes=80)
"""Business time of an outage: more than two limits of an emergent ticket's signature."""
SIGN_WITHIN = timedelta(minutes=30)
BEATS = 240
LOOPS = 6
"""Loops of one kind in a machine, at most, that tell of the same outage."""
STOCK = 60
LOAD_SECONDS = 3
"""Before the outage and after it."""
CARDS = "SELECT ticket_id, at FROM cards WHERE duty = 'sign' AND card = 'red'"
OVERDUE = "SELECT count(*) FROM clocks WHERE next_transition_at < $1"
SIGNATURES = "SELECT ticket_id, delivered_at, signed_at FROM assignments"


class FastTime:
    """A business clock that runs by itself, some hundred times as fast as the machine's own."""

    virtual = False
    rate = 1.0

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._real = RealTime()
        self._since = self._real.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(self._real.monotonic() - self._since) * self.rate)


@dataclass
class FastTown:
    """A machine on Kafka whose hours pass in seconds, served over HTTP, and its callers."""

    machine: Machine
    traffic: Traffic

    async def rows(self, service: str, statement: str, *values: Any) -> list[Any]:
        connection = await asyncpg.connect(**self.machine.postgres.dsn(service))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def cards(self) -> int:
        [(count,)] = await self.rows("sla", "SELECT count(*) FROM cards")
        return int(count)

    async def overdue(self) -> int:
        """Clocks that the timer would have moved if it might trust its own clock."""
        [(count,)] = await self.rows("sla", OVERDUE, self.machine.clock.now())
        return int(count)

    async def on_its_way(self) -> Counter[str]:
        return await on_its_way(self.machine.postgres.dsn, self.machine.bus)

    async def until_all_has_arrived(self) -> None:
        async def arrived() -> bool:
            return not await self.on_its_way()

        await until("everything has arrived", arrived, 90)


@asynccontextmanager
async def fast_town(data_dir: Path, kafka: str) -> AsyncIterator[FastTown]:
    choice = BusChoice(kafka, f"{uuid4().hex[:8]}.")
    async with running_machine(data_dir, virtual_from=MORNING, bus=choice) as machine:
        # Its clock runs: the audit may not take it for one that stands where it was set.
        connection = await asyncpg.connect(**machine.postgres.dsn("local"))
        await connection.execute("UPDATE instance SET virtual_now = NULL")
        await connection.close()
        stop, listener = asyncio.Event(), listen(0)
        server = Server(gateway_of(machine, access_log=False))
        running = asyncio.gather(machine.run(stop), server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=30) as client:
                yield FastTown(machine, Traffic(client, machine.issuer, random.Random(12345)))
        finally:
            stop.set()
            server.should_exit = True
            await running
            listener.close()


@pytest.mark.rule("T3", "I4")
@pytest.mark.parametrize("seconds", [10, 60])
async def test_a_broker_killed_under_load_costs_nothing_and_earns_nobody_a_card(
    local_broker: LocalBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(FastTime, "rate", PASSES_MEANWHILE.total_seconds() / seconds)
    monkeypatch.setattr(hotline_local.machine, "VirtualTime", FastTime)
    kafka = await asyncio.to_thread(local_broker.start)
    async with fast_town(tmp_path / "data", kafka) as town:
        await town.traffic.settle_in(STOCK)
        await town.until_all_has_arrived()
        async with town.traffic.flowing(seconds / BEATS) as traffic:
            await asyncio.wait([traffic], timeout=LOAD_SECONDS)
            await _outage(town, local_broker, traffic, seconds)
            await asyncio.wait([traffic], timeout=LOAD_SECONDS)
        await town.until_all_has_arrived()
        await until("all late signatures have their red card", lambda: _the_late_are_red(town), 60)
        assert town.traffic.refused == []
        assert await town.traffic.broken_promises() == []
        running = await audit(tmp_path / "data")
        assert running["violations"] == []
    stopped = await audit(tmp_path / "data")
    assert stopped["violations"] == []
    assert min(stopped["checked"][name] for name in ("history-published", "consumed", "cards")) > 2 * STOCK


async def _outage(town: FastTown, broker: LocalBroker, traffic: "asyncio.Task[None]", seconds: int) -> None:
    """Away for so long, and back: writes succeed meanwhile, no card is issued, the log stays short."""
    real = RealTime()
    began, before = real.monotonic(), town.traffic.writes
    with capture_logs() as lines:
        os.kill(broker.pid(), signal.SIGKILL)
        cards = await _once_what_had_arrived_is_applied(town, traffic)
        await asyncio.wait([traffic], timeout=began + seconds - real.monotonic())
        assert await town.cards() == cards, "without a watermark no time passes for anybody's clock"
        assert await town.overdue() > 0, "somebody's time ran out meanwhile, or nothing was shown"
        assert town.traffic.writes - before > BEATS / 10
        await asyncio.to_thread(broker.start)
    told = Counter(line["event"] for line in lines if line["log_level"] != "info")
    assert told["relay.retries"] > 0
    assert max(told.values()) <= LOOPS * (1 + (real.monotonic() - began) / EVERY_SECONDS), told


async def _once_what_had_arrived_is_applied(town: FastTown, traffic: "asyncio.Task[None]") -> int:
    """How many cards there are then."""
    before, cards = -1, await town.cards()
    while before != cards:
        await asyncio.wait([traffic], timeout=1)
        before, cards = cards, await town.cards()
    return cards


async def _the_late_are_red(town: FastTown) -> bool:
    """By routing's own instants: whoever signed late, or has not yet; never anybody else."""
    now = town.machine.clock.now()
    red = {row["ticket_id"]: row["at"] for row in await town.rows("sla", CARDS)}
    signatures = await town.rows("routing", SIGNATURES)
    due = {row["ticket_id"]: row["delivered_at"] + SIGN_WITHIN for row in signatures}
    signed = {row["ticket_id"]: row["signed_at"] for row in signatures}
    for ticket, at in red.items():
        assert at == due[ticket]
        assert signed[ticket] is None or signed[ticket] > at, f"{ticket} was signed in time"
    return {ticket for ticket, at in due.items() if (signed[ticket] or now) > at} <= red.keys()
