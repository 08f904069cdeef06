"""What the behaviour suite of the bus needs besides the port: other processes, passing time, deletion."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.bus.groups import LEASE
from hotline_chassis.bus.kafka import KafkaBus, KafkaSettings
from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import Bus, BusReader, BusUnavailable, NewRecord, Record, TopicPartition
from hotline_chassis.clocks import RealTime

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class MovedTime:
    """A system clock that a test moves; both of its times move together."""

    def __init__(self) -> None:
        self._passed = timedelta()

    def now(self) -> datetime:
        return START + self._passed

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def move(self, duration: timedelta) -> None:
        self._passed += duration


class BusLab(Protocol):
    """One log, and what a test may do to it.

    Attributes:
        bus: the log, as the first process sees it.
        moves_time: time passes exactly as told; false where a broker reads its own clock.
    """

    moves_time: bool

    @property
    def bus(self) -> Bus: ...

    async def another_process(self) -> Bus:
        """The same log through another client, if there can be one, else ``bus``."""
        ...

    async def pass_time(self, duration: timedelta) -> None:
        """Let system time pass, for heartbeats and leases."""
        ...

    async def delete_topic(self, topic: str) -> None: ...

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """What the group has told about its progress."""
        ...

    async def close(self) -> None: ...


class MemoryLab:
    """The twin in memory: all "processes" are one object."""

    moves_time = True

    def __init__(self) -> None:
        self._clock = MovedTime()
        self.bus = MemoryBus(self._clock)

    async def another_process(self) -> MemoryBus:
        return self.bus

    async def pass_time(self, duration: timedelta) -> None:
        self._clock.move(duration)

    async def delete_topic(self, topic: str) -> None:
        await self.bus.delete_topic(topic)

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        return await self.bus.committed(group)

    async def close(self) -> None:
        await self.bus.close()


class EmbeddedLab:
    """The log in PostgreSQL, shared by processes or held by one alone."""

    moves_time = True

    def __init__(self, dsn: dict[str, Any], clock: MovedTime, bus: EmbeddedBus, *, alone: bool) -> None:
        self.bus = bus
        self._dsn = dsn
        self._clock = clock
        self._alone = alone
        self._others: list[EmbeddedBus] = []

    @classmethod
    async def open(cls, dsn: dict[str, Any], *, alone: bool) -> "EmbeddedLab":
        clock = MovedTime()
        bus = await EmbeddedBus.connect(dsn, clock, single_process=alone)
        return cls(dsn, clock, bus, alone=alone)

    async def another_process(self) -> EmbeddedBus:
        if self._alone:
            return self.bus
        other = await EmbeddedBus.connect(self._dsn, self._clock)
        self._others.append(other)
        return other

    async def pass_time(self, duration: timedelta) -> None:
        self._clock.move(duration)

    async def delete_topic(self, topic: str) -> None:
        await self.bus.delete_topic(topic)

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        return await self.bus.committed(group)

    async def close(self) -> None:
        for bus in [self.bus, *self._others]:
            await bus.close()


IMPATIENT = KafkaSettings(
    session=6,
    heartbeat=0.1,
    rebalance=5,
    poll=2,
    request=8,
    send=8,
    join=15,
    stop=1,
    fetch_wait=0.05,
    stall=2,
)
"""A member of these is replaced when nobody asked it for records for 2 s."""


class KafkaLab:
    """A real broker, shared by tests: each has a namespace of its own."""

    moves_time = False

    def __init__(self, bootstrap: str, namespace: str, bus: KafkaBus) -> None:
        self.bus = bus
        self.bootstrap = bootstrap
        self.namespace = namespace
        self._others: list[KafkaBus] = []

    @classmethod
    async def open(cls, bootstrap: str, settings: KafkaSettings = IMPATIENT) -> "KafkaLab":
        namespace = f"{uuid4().hex}."
        bus = await KafkaBus.connect(bootstrap, RealTime(), namespace=namespace, settings=settings)
        return cls(bootstrap, namespace, bus)

    async def another_process(self, settings: KafkaSettings = IMPATIENT) -> KafkaBus:
        other = await KafkaBus.connect(
            self.bootstrap, RealTime(), namespace=self.namespace, settings=settings
        )
        self._others.append(other)
        return other

    async def pass_time(self, duration: timedelta) -> None:
        """The broker's own time: a lease is the time after which nobody's share is kept, all else is short."""
        await asyncio.sleep(IMPATIENT.poll * 1.25 if duration >= LEASE else IMPATIENT.heartbeat / 2)

    async def delete_topic(self, topic: str) -> None:
        async with self._admin() as admin:
            await admin.delete_topics([f"{self.namespace}{topic}"])

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        async with self._admin() as admin:
            found = await admin.list_consumer_group_offsets(f"{self.namespace}{group}")
        return {(p.topic.removeprefix(self.namespace), p.partition): at.offset for p, at in found.items()}

    async def delete_records_before(self, partition: TopicPartition, offset: int) -> None:
        """What a wrong retention would do."""
        async with self._admin() as admin:
            part = KafkaPartition(f"{self.namespace}{partition[0]}", partition[1])
            await admin.delete_records({part: RecordsToDelete(before_offset=offset)})

    async def configuration(self, topic: str) -> dict[str, str]:
        """How the broker keeps a topic."""
        async with self._admin() as admin:
            wanted = ConfigResource(ConfigResourceType.TOPIC, f"{self.namespace}{topic}")
            (answer,) = await admin.describe_configs([wanted])
        return {name: value for name, value, *_ in answer.resources[0][4]}

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[Any]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()

    async def close(self) -> None:
        for bus in [self.bus, *self._others]:
            await bus.close()
        async with self._admin() as admin:
            ours = [name for name in await admin.list_topics() if name.startswith(self.namespace)]
            await admin.delete_topics(ours)


class LosingAnswers:
    """A bus that appends everything and loses the answer of the first ``answers`` appends."""

    def __init__(self, bus: Bus, answers: int) -> None:
        self._bus = bus
        self._left = answers

    async def append(self, records: Sequence[NewRecord]) -> None:
        await self._bus.append(records)
        if self._left:
            self._left -= 1
            raise BusUnavailable("the answer was lost")


class Member:
    """Reads as a consumer does: positions lie outside the bus, and fence whoever was replaced.

    Attributes:
        positions: may be shared by the members of a group, as a service's database is.
        records: what was accepted.
    """

    def __init__(self, reader: BusReader, positions: dict[TopicPartition, int]) -> None:
        self.reader = reader
        self.positions = positions
        self.records: list[Record] = []
        self._sought: set[TopicPartition] = set()

    @classmethod
    async def join(
        cls,
        bus: Bus,
        group: str,
        topics: Sequence[str],
        positions: dict[TopicPartition, int] | None = None,
    ) -> "Member":
        return cls(await bus.reader(group, topics), {} if positions is None else positions)

    async def step(self, limit: int = 100, wait: float = 0.0) -> list[Record]:
        assigned = self.reader.assignment()
        for partition in assigned - self._sought:
            self.reader.seek(partition, self.positions.get(partition, 0))
        self._sought = set(assigned)
        records = [r for r in await self.reader.fetch(limit, wait) if self._accepts(r)]
        self.records.extend(records)
        return records

    def _accepts(self, record: Record) -> bool:
        partition = (record.topic, record.partition)
        if self.positions.get(partition, 0) != record.offset:
            self._sought.discard(partition)
            return False
        self.positions[partition] = record.offset + 1
        return True

    async def commit(self) -> None:
        mine = self.reader.assignment()
        await self.reader.commit({p: offset for p, offset in self.positions.items() if p in mine})


async def assigned(bus: Bus, group: str, topics: Sequence[str]) -> BusReader:
    """A reader that was given all partitions of its topics; joining may take a few fetches."""
    reader = await bus.reader(group, topics)
    wanted = (await bus.end_offsets(topics)).keys()
    async with asyncio.timeout(20):
        while reader.assignment() != wanted:
            await reader.fetch(1, 0.1)
    return reader


def values(records: Sequence[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def by_key(records: Sequence[Record]) -> Mapping[bytes, list[bytes | None]]:
    """Values of each key, in the order in which they were read."""
    found: dict[bytes, list[bytes | None]] = {}
    for record in records:
        found.setdefault(record.key, []).append(record.value)
    return found
