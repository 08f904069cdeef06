"""P3: what the SLA consumer costs beside reading its facts, on Kafka, its database with fsync.

Floor: ``getmany`` and msgspec decode of the same records by another group, nothing else. Ours: the service's own
consumer, dedupe + clocks + cards + outbox in one transaction per batch, until the last fact is applied. Both join
before each round, so that neither has fetched anything when its time begins. The log is that of a day's backlog:
tickets are made, delivered and signed together, and answered, approved and closed together, batches later.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias
from uuid import uuid4

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.port import TopicPartition
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.consumer import Consumer
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.memory import settle_memory
from hotline_chassis.migrations import migrate
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.registry import EVENTS, PARTITIONS
from sla_svc.main import build
from tests.load.broker import Broker
from tests.load.production_layout import until
from tests.load.ticket_facts import DELIVERED, LIFE, TOPIC, lives

Row: TypeAlias = dict[str, object]
Ends: TypeAlias = Mapping[TopicPartition, int]

BATCH = 1000
PASS, AIM = 0.15, 0.28


@dataclass(frozen=True)
class Size:
    rounds: int = 5
    tickets: int = 1400  # a batch then holds one half of a partition's lives


async def rows(broker: Broker, size: Size = Size()) -> list[Row]:
    """Measure both ways in turns, over fresh tickets each time."""
    facts = size.tickets * LIFE
    floors: list[float] = []
    ours: list[float] = []
    async with _service(broker) as (service, bus, namespace):
        settle_memory()  # as the command does: both sides run as the product runs
        begins = await bus.end_offsets([TOPIC])
        for round_ in range(size.rounds + 1):
            await bus.append(list(lives(round_, size.tickets)))
            ends = await bus.end_offsets([TOPIC])
            floor = await _timed_floor(broker, namespace, begins, facts)
            mine = await _timed_consumer(service, ends, facts)
            await _forget_outbox(service)
            begins = ends
            if round_:  # the first one warms statements and caches up
                floors.append(facts / floor)
                ours.append(facts / mine)
    ratio = median(ours) / median(floors)
    return [
        {
            "row": "P3",
            "what": "SLA consumer: dedupe + clock effect + outbox, against getmany and decode only",
            "floor": median(floors),
            "ours": median(ours),
            "ratio": ratio,
            "unit": "facts/s",
            "pass": PASS,
            "aim": AIM,
            "passed": ratio >= PASS,
        }
    ]


async def _timed_floor(broker: Broker, namespace: str, begins: Ends, expected: int) -> float:
    topic = f"{namespace}{TOPIC}"
    positions = {KafkaPartition(topic, number): offset for (_, number), offset in begins.items()}
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.address,
        group_id=f"{namespace}floor",
        enable_auto_commit=False,
        auto_offset_reset="latest",
    )
    await consumer.start()
    try:
        await _rest(consumer, len(positions))
        begun = perf_counter()
        for part, offset in positions.items():
            consumer.seek(part, offset)
            consumer.resume(part)
        read = await _read_and_decode(consumer, expected)
        taken = perf_counter() - begun
    finally:
        await consumer.stop()
    _insist(read, expected)
    return taken


async def _rest(consumer: Any, partitions: int) -> None:
    """Wait until the reader has its partitions, and nothing is on its way to where it stands at the end."""

    async def is_assigned() -> bool:
        await consumer.getmany(timeout_ms=100)
        return len(consumer.assignment()) == partitions

    await until("the floor's reader has joined its group", is_assigned)
    consumer.pause(*consumer.assignment())
    await consumer.getmany(timeout_ms=700)  # longer than the broker keeps a fetch that finds nothing


async def _read_and_decode(consumer: Any, expected: int) -> int:
    decoders = {name: msgspec.json.Decoder(event) for name, event in EVENTS.items()}
    read = 0
    while read < expected:
        for records in (await consumer.getmany(timeout_ms=500, max_records=BATCH)).values():
            for record in records:
                decoders[dict(record.headers)["ce_type"].decode()].decode(record.value)
            read += len(records)
    return read


async def _timed_consumer(service: Service, ends: Ends, expected: int) -> float:
    consumer = _consumer(service)
    await consumer.start()
    try:
        before = consumer.moved
        begun = perf_counter()
        while not consumer.moved or consumer.is_behind(ends):
            await consumer.step(0.5)
        taken = perf_counter() - begun
    finally:
        await consumer.close()
    _insist(consumer.moved - before, expected)
    return taken


def _insist(read: int, expected: int) -> None:
    if read != expected:
        raise AssertionError(f"{read} facts were read instead of {expected}")


def _consumer(service: Service) -> Consumer:
    if service.consumer is None:
        raise AssertionError("the service has no consumer")
    return service.consumer


async def _forget_outbox(service: Service) -> None:
    """As the relay would; not a part of what is measured."""
    async with service.database.transaction() as transaction:
        await transaction.connection.execute("TRUNCATE outbox")


@asynccontextmanager
async def _service(broker: Broker) -> AsyncIterator[tuple[Service, KafkaBus, str]]:
    namespace = f"p3{uuid4().hex[:8]}."
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        postgres = EmbeddedPostgres(data_dir / "postgres")
        await postgres.start()
        try:
            await postgres.ensure_database("sla")
            await migrate(postgres.dsn("sla"), "sla_svc")
            system_clock = RealTime()
            bus = await KafkaBus.connect(broker.address, system_clock, namespace=namespace)
            await bus.ensure_topics(PARTITIONS)
            service = await build(_surroundings(postgres, bus, system_clock, data_dir))
            if service.seed is None:
                raise AssertionError("the service is incomplete")
            await service.seed()
            yield service, bus, namespace
            await service.database.close()
            await bus.close()
        finally:
            await postgres.stop()


def _surroundings(
    postgres: EmbeddedPostgres, bus: KafkaBus, system_clock: RealTime, data_dir: Path
) -> Surroundings:
    return Surroundings(
        dsn=postgres.dsn("sla"),
        bus=bus,
        business_clock=VirtualTime(DELIVERED + timedelta(days=1)),
        system_clock=system_clock,
        verifier=DevIssuer(data_dir, system_clock).verifier(),
        master_keys=MasterKeys.in_directory(data_dir),
        site="5204",
    )
