"""The bus' twin in memory: for tests, and for journeys that need no database.

The same promises as the others, lateness included: a member learns of a new generation with its next
heartbeat, and until then reads and commits as if nothing had happened.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from hotline_chassis.bus.groups import HEARTBEAT, LEASE, share_out
from hotline_chassis.bus.port import (
    BusClosed,
    NewRecord,
    Record,
    TopicDiffers,
    TopicPartition,
    UnknownTopic,
    Watermark,
    partition_of,
)
from hotline_chassis.clocks import SystemClock
from hotline_chassis.signals import Signal

_SLICE = 0.05
"""Seconds between two looks at the clock while a fetch waits: the lease may be due."""


@dataclass
class _Topic:
    logs: list[list[Record]]
    incarnation: str = field(default_factory=lambda: str(uuid4()))
    watermark: Watermark | None = None


@dataclass
class _Member:
    topics: tuple[str, ...]
    expires_at: datetime


@dataclass
class _Group:
    generation: int = 0
    joined: int = 0
    members: dict[int, _Member] = field(default_factory=dict)
    committed: dict[TopicPartition, int] = field(default_factory=dict)

    def enter(self, topics: tuple[str, ...], expires_at: datetime) -> int:
        self.joined += 1
        self.members[self.joined] = _Member(topics, expires_at)
        self.generation += 1
        return self.joined

    def leave(self, member: int) -> None:
        if self.members.pop(member, None) is not None:
            self.generation += 1

    def expel_the_dead(self, now: datetime) -> None:
        for number in [n for n, member in self.members.items() if member.expires_at <= now]:
            self.leave(number)


class MemoryBus:
    """A log in memory.

    Attributes:
        commits_ignored: commits of members whose generation was over, or that had lost the partition.
    """

    def __init__(self, clock: SystemClock) -> None:
        self.clock = clock
        self.commits_ignored = 0
        self._topics: dict[str, _Topic] = {}
        self._groups: dict[str, _Group] = {}
        self._readers: set[MemoryReader] = set()
        self._closed = False

    def topic(self, name: str) -> _Topic:
        try:
            return self._topics[name]
        except KeyError:
            raise UnknownTopic(name) from None

    async def ensure_topics(self, partitions: Mapping[str, int]) -> None:
        missing = partitions.keys() - self._topics.keys()
        for name in missing:
            self._topics[name] = _Topic([[] for _ in range(partitions[name])])
        if missing:
            self._turn_all_generations()
        for name, wanted in partitions.items():
            found = len(self._topics[name].logs)
            if found != wanted:
                raise TopicDiffers(f"{name} has {found} partitions, not {wanted}")

    async def delete_topic(self, name: str) -> None:
        """Delete a topic with its records, positions of groups and watermark; for tests and resets."""
        self.topic(name)
        del self._topics[name]
        for group in self._groups.values():
            group.committed = {p: offset for p, offset in group.committed.items() if p[0] != name}
        self._turn_all_generations()

    def _turn_all_generations(self) -> None:
        for group in self._groups.values():
            group.generation += 1

    async def incarnation(self, topic: str) -> str:
        return self.topic(topic).incarnation

    async def append(self, records: Sequence[NewRecord]) -> None:
        if self._closed:
            raise BusClosed
        topics = {record.topic: self.topic(record.topic) for record in records}
        for new in records:
            logs = topics[new.topic].logs
            number = partition_of(new.key, len(logs))
            log = logs[number]
            log.append(Record(new.topic, number, len(log), new.key, list(new.headers), new.value))
        for reader in self._readers:
            reader.grown.raise_()

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {(name, n): len(log) for name in topics for n, log in enumerate(self.topic(name).logs)}

    async def reader(self, group: str, topics: Sequence[str]) -> "MemoryReader":
        for topic in topics:
            self.topic(topic)
        reader = MemoryReader(self, self._groups.setdefault(group, _Group()), tuple(topics))
        self._readers.add(reader)
        return reader

    def share_of(self, group: _Group, member: int) -> dict[TopicPartition, list[Record]]:
        """The logs that a member reads in the group's present generation."""
        counts = {name: len(topic.logs) for name, topic in self._topics.items()}
        shares = share_out({number: m.topics for number, m in group.members.items()}, counts)
        return {(topic, n): self._topics[topic].logs[n] for topic, n in shares[member]}

    def forget(self, reader: "MemoryReader") -> None:
        self._readers.discard(reader)

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """How far a group has told it is; for showing lag."""
        return dict(self._groups[group].committed) if group in self._groups else {}

    async def publish_watermark(self, watermark: Watermark) -> None:
        topic = self.topic(watermark.topic)
        if topic.watermark is None or watermark.complete_before > topic.watermark.complete_before:
            topic.watermark = watermark

    async def watermark(self, topic: str) -> Watermark | None:
        return self.topic(topic).watermark

    async def close(self) -> None:
        """Leave all groups; waiting fetches return."""
        self._closed = True
        for reader in list(self._readers):
            await reader.close()


class MemoryReader:
    """One member of a group in memory; shows a new generation as ``EmbeddedReader`` does."""

    def __init__(self, bus: MemoryBus, group: _Group, topics: tuple[str, ...]) -> None:
        self.grown = Signal()
        self._bus = bus
        self._group = group
        self._topics = topics
        self._member = 0
        self._generation = 0
        self._beat_at = 0.0
        self._logs: dict[TopicPartition, list[Record]] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._revoked = False
        self._first = 0
        self._closed = False
        self._renew_lease()
        self._take_share()

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._logs)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._logs:
            raise ValueError(f"{partition} is not assigned to this member")
        self._positions[partition] = offset

    async def fetch(self, limit: int, timeout: float) -> list[Record]:
        if self._closed:
            raise BusClosed
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not self._closed:
            self.grown.clear()
            if self._take_turn_of_group():
                return []
            if records := self._read(limit):
                return records
            left = deadline - loop.time()
            if left <= 0:
                return []
            await self.grown.wait(min(left, _SLICE))
        return []

    def _take_turn_of_group(self) -> bool:
        """Keep the lease; True when the assignment has just changed."""
        if self._revoked:
            self._take_share()
            return True
        if timedelta(seconds=self._bus.clock.monotonic() - self._beat_at) < HEARTBEAT:
            return False
        self._renew_lease()
        if self._generation == self._group.generation:
            return False
        self._logs = {}
        self._positions.clear()
        self._revoked = True
        return True

    def _renew_lease(self) -> None:
        """Stay in the group, or enter it (again), and expel whoever's lease has ended."""
        now = self._bus.clock.now()
        self._beat_at = self._bus.clock.monotonic()
        ours = self._group.members.get(self._member)
        if ours is not None:
            ours.expires_at = now + LEASE
        self._group.expel_the_dead(now)
        if ours is None:
            self._member = self._group.enter(self._topics, now + LEASE)

    def _take_share(self) -> None:
        self._revoked = False
        self._renew_lease()
        self._generation = self._group.generation
        self._logs = self._bus.share_of(self._group, self._member)

    def _read(self, limit: int) -> list[Record]:
        """Up to ``limit`` records; each call begins with another partition."""
        order = [p for p in self._logs if p in self._positions]
        if not order:
            return []
        self._first = (self._first + 1) % len(order)
        records: list[Record] = []
        for partition in order[self._first :] + order[: self._first]:
            start = self._positions[partition]
            part = self._logs[partition][start : start + limit - len(records)]
            self._positions[partition] = start + len(part)
            records.extend(part)
        return records

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        if self._generation != self._group.generation or not next_offsets.keys() <= self._logs.keys():
            self._bus.commits_ignored += 1
            return
        self._group.committed.update(next_offsets)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.grown.raise_()
        self._bus.forget(self)
        self._group.leave(self._member)
        self._logs = {}
        self._positions.clear()
