"""P2: what moving a service's outbox to Kafka costs, against a producer that does nothing else.

Floor: one idempotent aiokafka producer (``acks=all``) that sends batches of 500 to each of four partitions, all of
them under way at once, of records prepared before. Ours: the relay over ``KafkaBus``, from rows of a real outbox
until the last one is acknowledged and gone from the table. The same records, the same layout.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer

from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.kafka.writer import hash_of
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime
from hotline_chassis.database import pack_headers
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.memory import settle_memory
from hotline_chassis.migrations import migrate
from hotline_chassis.relay import Relay
from hotline_chassis.signals import Signal
from tests.load.broker import Broker
from tests.load.ticket_facts import LIFE, TOPIC, lives

Row: TypeAlias = dict[str, object]

BATCH = 500
PARTITIONS = 4
PASS, AIM = 0.45, 0.65


@dataclass(frozen=True)
class Size:
    rounds: int = 5
    tickets: int = 4000


async def rows(broker: Broker, size: Size = Size()) -> list[Row]:
    """Measure both sides in turns, over fresh records each time."""
    records = size.tickets * LIFE
    floors: list[float] = []
    ours: list[float] = []
    async with _relay(broker) as (relay, outbox), _producer(broker) as (producer, floor_topic):
        settle_memory()  # as the command does: both sides run as the product runs
        for round_ in range(size.rounds + 1):
            facts = list(lives(round_, size.tickets))
            await _fill(outbox, facts)
            parts = _by_partition(facts)
            floor = await _timed_producer(producer, floor_topic, parts)
            mine = await _timed_relay(relay, records)
            if round_:  # the first one warms statements and caches up
                floors.append(records / floor)
                ours.append(records / mine)
    ratio = median(ours) / median(floors)
    return [
        {
            "row": "P2",
            "what": f"relay to Kafka, ordered, at least once, against a producer alone with batches of {BATCH}",
            "floor": median(floors),
            "ours": median(ours),
            "ratio": ratio,
            "unit": "events/s",
            "pass": PASS,
            "aim": AIM,
            "passed": ratio >= PASS,
        }
    ]


async def _timed_relay(relay: Relay, expected: int) -> float:
    begun = perf_counter()
    moved = await relay.step()
    taken = perf_counter() - begun
    if moved != expected:
        raise AssertionError(f"{moved} rows were moved instead of {expected}")
    return taken


async def _timed_producer(producer: Any, topic: str, parts: Sequence[Sequence[NewRecord]]) -> float:
    begun = perf_counter()
    await asyncio.gather(*(_send(producer, topic, number, part) for number, part in enumerate(parts)))
    return perf_counter() - begun


async def _send(producer: Any, topic: str, partition: int, records: Sequence[NewRecord]) -> None:
    sent = []
    for start in range(0, len(records), BATCH):
        batch = producer.create_batch()
        for record in records[start : start + BATCH]:
            if (
                batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
                is None
            ):
                raise AssertionError("a batch is too small for its records")
        batch.close()
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


def _by_partition(records: Sequence[NewRecord]) -> list[list[NewRecord]]:
    parts: list[list[NewRecord]] = [[] for _ in range(PARTITIONS)]
    for record in records:
        parts[hash_of(record.key) % PARTITIONS].append(record)
    return parts


async def _fill(outbox: asyncpg.Connection, records: Sequence[NewRecord]) -> None:
    """As services write it; not a part of what is measured."""
    await outbox.copy_records_to_table(
        "outbox",
        records=[(r.topic, r.key, pack_headers(r.headers), r.value, uuid4()) for r in records],
        columns=["topic", "key", "headers", "value", "event_id"],
    )
    await outbox.execute("VACUUM ANALYZE outbox")


@asynccontextmanager
async def _relay(broker: Broker) -> AsyncIterator[tuple[Relay, asyncpg.Connection]]:
    system_clock = RealTime()
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            await postgres.ensure_database("routing")
            await migrate(postgres.dsn("routing"), "routing_svc")
            bus = await KafkaBus.connect(broker.address, system_clock, namespace=f"ours{uuid4().hex[:8]}.")
            await bus.ensure_topics({TOPIC: PARTITIONS})
            relay = Relay(
                postgres.dsn("routing"),
                bus,
                topics=[TOPIC],
                clock=system_clock,
                system_clock=system_clock,
                wake=Signal(),
            )
            await relay.start()
            outbox = await asyncpg.connect(**postgres.dsn("routing"))
            yield relay, outbox
            await outbox.close()
            await relay.close()
            await bus.close()
        finally:
            await postgres.stop()


@asynccontextmanager
async def _producer(broker: Broker) -> AsyncIterator[tuple[Any, str]]:
    """The floor's producer, and a topic of its own."""
    namespace = f"floor{uuid4().hex[:8]}."
    bus = await KafkaBus.connect(broker.address, RealTime(), namespace=namespace)
    await bus.ensure_topics({TOPIC: PARTITIONS})
    await bus.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.address, enable_idempotence=True, acks="all", max_batch_size=1_000_000
    )
    await producer.start()
    try:
        yield producer, f"{namespace}{TOPIC}"
    finally:
        await producer.stop()
