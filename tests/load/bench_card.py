"""P8: from a dispatch over HTTP to its green card, in the production layout, at 50 requests a second.

Floor: the same requests' own answers. Ours: until the card's row can be read, which a poll of sla's database on one
connection tells, every 2 ms while a card is outstanding, by ``ix_cards_ticket_id``; what the poll itself takes counts
against us. Open loop: a request's time begins when it is due, whether or not it could be sent then.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from tests.load.town import Town, dispatch

Row: TypeAlias = dict[str, object]

RATE = 50
POLL_S = 0.002
LATE_S = 10
PASS, AIM = 6.0, 3.2
TAIL_MS = 25.0
_VISIBLE = "SELECT DISTINCT ticket_id FROM cards WHERE ticket_id = ANY($1::uuid[])"


@dataclass(frozen=True)
class Size:
    rounds: int = 5
    requests: int = 200
    """Of each round; at this rate 4 seconds."""


@dataclass
class Watch:
    """Waits for the cards of tickets: when each was first read."""

    connection: asyncpg.Connection
    outstanding: dict[UUID, asyncio.Future[float]] = field(default_factory=dict)

    def card_of(self, ticket: str) -> "asyncio.Future[float]":
        return self.outstanding.setdefault(UUID(ticket), asyncio.get_running_loop().create_future())

    async def run(self) -> None:
        while True:
            if self.outstanding:
                for row in await self.connection.fetch(_VISIBLE, list(self.outstanding)):
                    self.outstanding.pop(row["ticket_id"]).set_result(perf_counter())
            await asyncio.sleep(POLL_S)


async def rows(town: Town, size: Size = Size()) -> list[Row]:
    """P8, and P8a for its tail, over one warming round and the measured ones."""
    answered: list[list[float]] = []
    visible: list[list[float]] = []
    tickets = await town.new_tickets((size.rounds + 1) * size.requests)
    async with _watch(town) as watch:
        for round_ in range(size.rounds + 1):
            mine = tickets[round_ * size.requests : (round_ + 1) * size.requests]
            times = await _dispatched(town, watch, mine)
            if round_:  # the first one warms statements and caches up
                answered.append([answer for answer, _ in times])
                visible.append([card for _, card in times])
    await _insist_on_card(town, tickets[-1])
    return compared(answered, visible)


def compared(answered: Sequence[Sequence[float]], visible: Sequence[Sequence[float]]) -> list[Row]:
    """Both rows, out of the seconds of each round until the answers and until the cards."""
    floor = median(median(times) for times in answered) * 1e3
    ours = median(median(times) for times in visible) * 1e3
    tail = percentile([time for times in visible for time in times], 99) * 1e3
    what = f"HTTP to card visible at {RATE}/s on Kafka"
    return [
        _row("P8", f"{what}: p50, against the same requests' own answers", floor, ours, PASS, AIM),
        _row("P8a", f"{what}: p99; the floor is the time allowed", TAIL_MS, tail, 1.0, 1.0),
    ]


def _row(name: str, what: str, floor: float, ours: float, most: float, aim: float) -> Row:
    return {
        "row": name,
        "what": what,
        "floor": floor,
        "ours": ours,
        "ratio": ours / floor,
        "unit": "ms",
        "pass": most,
        "aim": aim,
        "passed": ours / floor <= most,
    }


def percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


async def _dispatched(town: Town, watch: Watch, tickets: Sequence[str]) -> list[tuple[float, float]]:
    """Seconds until the answer and until the card, for each ticket."""
    begun = perf_counter()
    calls = [_one(town, watch, ticket, begun + number / RATE) for number, ticket in enumerate(tickets)]
    return await asyncio.gather(*calls)


async def _one(town: Town, watch: Watch, ticket: str, due: float) -> tuple[float, float]:
    await asyncio.sleep(max(0.0, due - perf_counter()))
    card = watch.card_of(ticket)
    await town.call(*dispatch(ticket))
    answered = perf_counter()
    return answered - due, await asyncio.wait_for(card, LATE_S) - due


@asynccontextmanager
async def _watch(town: Town) -> AsyncIterator[Watch]:
    connection = await asyncpg.connect(**town.postgres.dsn("sla"))
    watch = Watch(connection)
    watching = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await connection.close()


async def _insist_on_card(town: Town, ticket: str) -> None:
    """What the poll saw is what people see."""
    found: Any = await town.call("GET", f"/api/v1/cards?ticket_id={ticket}", None, "auditor")
    if not any(card["card"] == "green" for card in found["items"]):
        raise AssertionError(f"{ticket} has no green card")
