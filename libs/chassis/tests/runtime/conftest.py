"""A tiny service: things with a name, one table, published and consumed through the chassis."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.consumer import Consumer, Poison, dlq_topic
from hotline_chassis.database import Database, Transaction
from hotline_chassis.relay import Relay
from hotline_chassis.tables import CREATE_FIRST_FLOOR, metadata_with_chassis
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_contracts.events.base import Event, Fact
from hotline_contracts.events.routing import TicketReplyApprovedV1
from hotline_contracts.ids import derived_id

TOPIC = "routing.tickets"
NOON = datetime(2026, 2, 13, 4, 0, tzinfo=UTC)


def ticket(number: int) -> UUID:
    return derived_id("ticket", number)


def approved(number: int) -> TicketReplyApprovedV1:
    return TicketReplyApprovedV1(ticket_id=ticket(number), hash="", assignment_id=ticket(0), round=1)


@dataclass
class Plant:
    """A publisher's and a consumer's database around one bus."""

    bus: MemoryBus
    clock: VirtualTime
    publisher_dsn: dict[str, Any]
    publisher: Database
    consumer_dsn: dict[str, Any]
    consumer: Database
    refuse: set[int] = field(default_factory=set)
    held: list[tuple[str, str]] = field(default_factory=list)
    sequences: dict[UUID, int] = field(default_factory=dict)

    async def publish(self, *numbers: int) -> None:
        """One transaction with one fact for each number."""
        async with self.publisher.transaction() as transaction:
            await self.announce(transaction, *numbers)

    async def announce(self, transaction: Transaction, *numbers: int) -> None:
        for number in numbers:
            subject = ticket(number)
            sequence = self.sequences[subject] = self.sequences.get(subject, 0) + 1
            transaction.announce(
                approved(number),
                event_id=derived_id(subject, sequence),
                subject=subject,
                key=subject,
                sequence=sequence,
                at=await transaction.stamp(),
            )

    async def relay(self) -> Relay:
        relay = Relay(
            self.publisher_dsn,
            self.bus,
            topics=[TOPIC],
            clock=self.clock,
            system_clock=RealTime(),
            wake=self.publisher.outbox_written,
        )
        await relay.start()
        return relay

    async def reader(self, database: Database | None = None) -> Consumer:
        consumer = Consumer(
            database or self.consumer,
            self.bus,
            group="sla-svc",
            topics=[TOPIC],
            apply=self._apply,
            hold=self._hold,
        )
        await consumer.start()
        return consumer

    async def _apply(self, transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        for fact in facts:
            if any(fact.event == approved(number) for number in self.refuse):
                raise Poison(fact, "refused by the rules")
        await transaction.connection.executemany(
            "INSERT INTO effects (ticket_id, sequence, event_id) VALUES ($1, $2, $3)",
            [(f.envelope.key, f.envelope.sequence, f.event_id) for f in facts],
        )

    async def _hold(self, transaction: Transaction, topic: str, key: str) -> None:
        self.held.append((topic, key))

    async def effects(self, number: int) -> list[int]:
        """Sequences applied for a ticket, in the order of their application."""
        return await self.column(
            "SELECT sequence FROM effects WHERE ticket_id = $1 ORDER BY id", str(ticket(number))
        )

    async def column(self, query: str, *arguments: Any) -> list[Any]:
        async with self.consumer.reading() as connection:
            return [row[0] for row in await connection.fetch(query, *arguments)]


async def _with_tables(dsn: dict[str, Any]) -> dict[str, Any]:
    connection = await asyncpg.connect(**dsn)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata_with_chassis().sorted_tables:
        await connection.execute(str(CreateTable(table).compile(dialect=dialect)))
    await connection.execute(CREATE_FIRST_FLOOR)
    await connection.execute(
        "CREATE TABLE effects (id bigserial PRIMARY KEY, ticket_id text, sequence bigint, event_id uuid UNIQUE)"
    )
    await connection.close()
    return dsn


@pytest.fixture
async def plant(database_factory: DatabaseFactory) -> AsyncIterator[Plant]:
    clock = VirtualTime(NOON)
    bus = MemoryBus(RealTime())
    await bus.ensure_topics({TOPIC: 4, dlq_topic(TOPIC): 1})
    publisher_dsn = await _with_tables(await database_factory(None))
    consumer_dsn = await _with_tables(await database_factory(None))
    publisher = await Database.connect(publisher_dsn, clock, source="routing-svc")
    consumer = await Database.connect(consumer_dsn, clock, source="sla-svc")
    yield Plant(bus, clock, publisher_dsn, publisher, consumer_dsn, consumer)
    await publisher.close()
    await consumer.close()
    await bus.close()
