"""P9: how soon everything moves again when the broker comes back, in the production layout under load.

The broker is killed, is away for 10 seconds while people go on working, and is started again. The time begins when
it answers an admin call (Metadata). A consumer has moved when its stored positions have grown, a relay when the
topics that only it writes have grown beyond what that first answer found there. No floor but the aim itself.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from time import perf_counter
from typing import TypeAlias

import asyncpg
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

import evaluation_svc.main
import intake_svc.main
import knowledge_svc.main
import routing_svc.main
import sla_svc.main
from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.port import BusUnavailable
from hotline_chassis.clocks import RealTime
from tests.load.production_layout import until
from tests.load.town import UNIT, Action, Town, act, dispatch, new_request, put_unit

Row: TypeAlias = dict[str, object]

PASS_S, AIM_S = 3.0, 1.0
LOOK_S = 0.02
GIVE_UP_S = 60
PRODUCERS: Mapping[str, tuple[str, ...]] = {
    "intake": intake_svc.main.PUBLISHES,
    "routing": routing_svc.main.PUBLISHES,
    "sla": sla_svc.main.PUBLISHES,
    "evaluation": evaluation_svc.main.PUBLISHES,
    "knowledge": knowledge_svc.main.PUBLISHES,
}
CONSUMERS = ("routing", "sla", "evaluation", "knowledge")
_POSITIONS = "SELECT coalesce(sum(next_offset), 0)::bigint FROM positions"


@dataclass(frozen=True)
class Size:
    rounds: int = 5
    away_s: float = 10.0


@dataclass
class Load:
    """People at work: every relay gets something to move, every consumer something to read.

    Attributes:
        pause_s: between two acts.
    """

    town: Town
    to_dispatch: list[str] = field(default_factory=list)
    to_approve: list[str] = field(default_factory=list)
    pause_s: float = 0.05

    async def prepare(self, seconds: float) -> None:
        """Enough tickets for so long, in the states that the acts need."""
        wanted = round(seconds / self.pause_s / len(KINDS)) + 1
        self.to_dispatch += await self.town.new_tickets(wanted)
        replied = await self.town.new_tickets(wanted)
        for step in (dispatch, _sign, _reply):
            await self.town.call_all([step(ticket) for ticket in replied])
        self.to_approve += replied

    async def run(self) -> None:
        """One act after the other, until cancelled.

        Raises:
            Refused: the outage of the broker was felt by a caller.
        """
        for number in count():
            action = self._action(KINDS[number % len(KINDS)], number)
            if action is not None:
                await self.town.call(*action)
            await asyncio.sleep(self.pause_s)

    def _action(self, kind: str, number: int) -> Action | None:
        if kind == "dispatch":
            return dispatch(self.to_dispatch.pop()) if self.to_dispatch else None
        if kind == "approve":
            return act(self.to_approve.pop(), "reply/approve", "reviewer") if self.to_approve else None
        if kind == "unit":
            return put_unit(number)
        return _new_entry() if kind == "entry" else new_request()


KINDS = ("request", "dispatch", "approve", "unit", "entry")


def _sign(ticket: str) -> Action:
    return act(ticket, "sign", "unit_handler")


def _reply(ticket: str) -> Action:
    return act(ticket, "reply", "unit_handler", {"text": "已更换灯泡，现已恢复照明。"})


def _new_entry() -> Action:
    body = {"title": "路灯报修", "kind": "guide", "body": "拨打热线即可报修。", "unit": UNIT}
    return "POST", "/api/v1/knowledge/entries", body, "knowledge_editor"


class Movement:
    """Who has moved since a first look.

    Attributes:
        after: seconds from the broker's first answer, by process.
    """

    def __init__(self, bus: KafkaBus, databases: Mapping[str, asyncpg.Connection]) -> None:
        self.after: dict[str, float] = {}
        self._bus = bus
        self._databases = databases

    async def look(self) -> dict[str, int]:
        """A count for each process, which grows as it moves."""
        ends = await self._bus.end_offsets([topic for topics in PRODUCERS.values() for topic in topics])
        seen = {
            f"{name} relay": sum(end for (topic, _), end in ends.items() if topic in topics)
            for name, topics in PRODUCERS.items()
        }
        return {**seen, **await self.positions()}

    async def positions(self) -> dict[str, int]:
        return {
            f"{name} consume": await connection.fetchval(_POSITIONS)
            for name, connection in self._databases.items()
        }

    async def until_all_moved(self, address: str, before: Mapping[str, int]) -> None:
        """Wait for the broker, then for everybody.

        Args:
            before: the consumers' positions while it was away.
        """
        await until_answering(address)
        begun = perf_counter()
        first = {**await self._patient_look(), **before}
        async with asyncio.timeout(GIVE_UP_S):
            while len(self.after) < len(first):
                seen = await self._patient_look()
                for process, was in first.items():
                    if seen[process] > was:
                        self.after.setdefault(process, perf_counter() - begun)
                await asyncio.sleep(LOOK_S)

    async def _patient_look(self) -> dict[str, int]:
        """The broker answers before its partitions have a leader."""
        async with asyncio.timeout(GIVE_UP_S):
            while True:
                try:
                    return await self.look()
                except BusUnavailable:
                    await asyncio.sleep(LOOK_S)


async def until_answering(address: str) -> None:
    """Wait until the broker answers a call."""
    async with asyncio.timeout(GIVE_UP_S):
        while True:
            client = AIOKafkaClient(bootstrap_servers=address)
            try:
                await client.bootstrap()
            except KafkaError:
                await asyncio.sleep(LOOK_S)
            else:
                return
            finally:
                await client.close()


async def rows(town: Town, size: Size = Size()) -> list[Row]:
    """The median of several outages, of the last process to move in each."""
    slowest = [max((await outage(town, size.away_s)).values()) for _ in range(size.rounds)]
    ours = median(slowest)
    return [
        {
            "row": "P9",
            "what": f"broker killed, away {size.away_s:.0f} s under load, then back: all relays and consumers moving; "
            "the floor is the aim",
            "floor": AIM_S,
            "ours": ours,
            "ratio": ours / AIM_S,
            "unit": "s",
            "pass": PASS_S,
            "aim": AIM_S,
            "passed": ours <= PASS_S,
        }
    ]


async def outage(town: Town, away_s: float) -> dict[str, float]:
    """One outage: seconds from the broker's first answer until each process moved."""
    load = Load(town)
    await load.prepare(2 * away_s)
    async with _movement(town) as movement, asyncio.TaskGroup() as tasks:
        working = tasks.create_task(load.run())  # what a caller is refused ends the measurement
        await _until_moving(movement)
        town.broker.kill()
        await asyncio.sleep(away_s)
        before = await movement.positions()
        back = tasks.create_task(town.broker.start_again())
        await movement.until_all_moved(town.broker.address, before)
        await back
        working.cancel()
    return movement.after


async def _until_moving(movement: Movement) -> None:
    """All of them at work before the broker goes: an outage finds them so."""
    first = await movement.look()
    for process in first:

        async def moves(process: str = process) -> bool:
            return (await movement.look())[process] > first[process]

        await until(f"{process} moves", moves, GIVE_UP_S)


@asynccontextmanager
async def _movement(town: Town) -> AsyncIterator[Movement]:
    bus = await KafkaBus.connect(town.broker.address, RealTime(), client_id="bench")
    databases = {name: await asyncpg.connect(**town.postgres.dsn(name)) for name in CONSUMERS}
    try:
        yield Movement(bus, databases)
    finally:
        for connection in databases.values():
            await connection.close()
        await bus.close()
