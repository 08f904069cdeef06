"""A service whose tables are made anew from what others told, in any order that a bus may give it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import Bus, Watermark
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.consumer import Consumer, dlq_topic
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.tables import FIRST_FLOOR
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.values import DEFAULT_SITE
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import BUILDERS

from .recorded_town import Rated, RecordedTown

Tables: TypeAlias = dict[str, Any]

NEVER_THE_SAME: Mapping[str, tuple[str, ...]] = {
    # Which incarnation of a topic was read, and how many records, repeats among them, it had.
    "positions": ("incarnation", "next_offset"),
}
"""Columns that differ from run to run, however right both runs are. Nothing else may.

Of the outbox: the numbers of its rows, though not their order for each aggregate; and which request's trace a
fact goes on in, because a batch that holds facts of several goes on in none.
"""
NOTICED_LATER: Mapping[str, tuple[str, ...]] = {
    # When the system told of the clock last: honest about when it noticed.
    "clocks": ("last_at",),
    # When the card was issued; the instant of the rule is ``at``.
    "cards": ("issued_at",),
    # Of the topics' incarnations and repeats, as above.
    **NEVER_THE_SAME,
}
"""Columns in which a rebuild at another time differs from the life itself."""
_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY 1
"""
_OUTBOX = "SELECT topic, key, headers, value, event_id FROM outbox ORDER BY id"


async def read_tables(
    connection: asyncpg.Connection, without: Mapping[str, tuple[str, ...]], *, outbox: bool = True
) -> Tables:
    """Every row of every table, in an order of its own, without these columns of these tables."""
    found: Tables = {}
    for (name,) in await connection.fetch(_TABLES):
        if name != "outbox":
            statement = f'SELECT (to_jsonb(t) - $1::text[])::text AS row FROM "{name}" t ORDER BY 1'
            found[name] = [row["row"] for row in await connection.fetch(statement, without.get(name, ()))]
        elif outbox:
            found[name] = _by_subject(await connection.fetch(_OUTBOX))
    return found


def _by_subject(rows: list[Any]) -> dict[str, list[Any]]:
    told: dict[str, list[Any]] = defaultdict(list)
    for topic, key, packed, value, event_id in rows:
        headers = dict(orjson.loads(packed))
        headers.pop("traceparent", None)
        told[f"{topic} {headers['ce_subject']}"].append((key, headers, value, event_id))
    return dict(told)


class CurrentBus:
    """The bus of the run under way: a service is built once, and told everything on a new bus each time."""

    def __init__(self) -> None:
        self.current = MemoryBus(RealTime())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)


class RatingIds:
    """Gives the ratings that are entered again the ids of the first time; nothing else is entered."""

    def __init__(self) -> None:
        self._next: list[UUID] = []

    def expect(self, rated: Rated) -> None:
        self._next = [rated.rating_id, rated.event_id]

    def __call__(self, _: object) -> UUID:
        return self._next.pop(0)


class RebuiltService:
    """One service on a database of its own, whose clock stands where the town's life ended."""

    def __init__(self, name: str, service: Service, bus: CurrentBus, town: RecordedTown) -> None:
        assert service.consumer is not None
        self.name = name
        self.service = service
        self.consumer: Consumer = service.consumer
        self.lines = town.lines_of(service.consumer.topics, with_ratings=name == "evaluation")
        self.until = town.until
        self.rating_ids = RatingIds()
        self._bus = bus
        self._client = GatewayClient(service.app)
        self._reviewer = town.machine.issuer.issue(["reviewer"])

    @property
    def bus(self) -> MemoryBus:
        return self._bus.current

    async def begin_anew(self) -> None:
        """Empty tables but for what the service seeds, and an empty bus."""
        await self.consumer.close()
        self.consumer._next.clear()
        self._bus.current = MemoryBus(RealTime())
        dead_letters = {dlq_topic(topic): 1 for topic in self.consumer.topics}
        await self.bus.ensure_topics({**PARTITIONS, **dead_letters})
        async with self.service.database.reading() as connection:
            names = ", ".join(f'"{name}"' for (name,) in await connection.fetch(_TABLES))
            await connection.execute(f"TRUNCATE {names} CASCADE")
            await connection.execute(f"INSERT INTO stamp_floor (complete_before) VALUES ('{FIRST_FLOOR}')")
        if self.service.seed is not None:
            await self.service.seed()
        await self.consumer.start()

    async def enter(self, rated: Rated) -> None:
        """Somebody enters the rating once more, at the service's own door."""
        self.rating_ids.expect(rated)
        path = f"/api/v1/tickets/{rated.ticket_id}/ratings"
        await self._client.post(path, dict(rated.body), token=self._reviewer)

    async def tables(self) -> Tables:
        async with self.service.database.reading() as connection:
            return await read_tables(connection, NEVER_THE_SAME)


@asynccontextmanager
async def rebuilt_service(
    name: str, town: RecordedTown, dsn: dict[str, Any]
) -> AsyncIterator[RebuiltService]:
    """The service on a migrated database that nobody else uses."""
    bus = CurrentBus()
    surroundings = Surroundings(
        dsn=dsn,
        bus=bus,
        business_clock=VirtualTime(town.until),
        system_clock=RealTime(),
        verifier=town.machine.verifier,
        master_keys=town.keys,
        site=DEFAULT_SITE,
    )
    _, build = BUILDERS[name]
    service = await build(surroundings)
    rebuilt = RebuiltService(name, service, bus, town)
    try:
        yield rebuilt
    finally:
        await rebuilt.consumer.close()
        await service.database.close()


async def in_order(rebuilt: RebuiltService) -> Tables:
    """One partition after the other, each in one batch; evaluation's ratings between theirs."""
    await rebuilt.begin_anew()
    for _, line in sorted(rebuilt.lines.items()):
        for item in line:
            if isinstance(item, Rated):
                await consume_all(rebuilt)
                await rebuilt.enter(item)
            else:
                await rebuilt.bus.append([item.record])
    return await finished(rebuilt)


async def consume_all(rebuilt: RebuiltService) -> None:
    while await rebuilt.consumer.step():
        pass


async def mark(bus: Bus, topic: str, upto: datetime) -> None:
    """What a relay says once all before ``upto`` is on the bus."""
    ends = await bus.end_offsets([topic])
    await bus.publish_watermark(Watermark(topic, upto, tuple(end for _, end in sorted(ends.items()))))


async def finished(rebuilt: RebuiltService) -> Tables:
    """The tables once everything was applied, and time has passed up to the end of the town's life."""
    await consume_all(rebuilt)
    for topic in rebuilt.consumer.topics:
        await mark(rebuilt.bus, topic, rebuilt.until)
    if rebuilt.service.timer is not None:
        while await rebuilt.service.timer.tick():
            pass
    return await rebuilt.tables()
