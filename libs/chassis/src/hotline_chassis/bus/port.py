"""What the relay, the consumers and the timer need of a bus; one behaviour suite holds all of it.

Promises of every implementation: records of one key keep their order, in one partition; an append may
be repeated after a lost answer (consumers dedupe); a consumer reads from the position it seeks to; a
group's partitions are split over its live members, and a member that was replaced learns of it late
(the effect's own transaction fences it).
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import msgspec

TopicPartition: TypeAlias = tuple[str, int]


class NewRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to append: key and headers never empty; value None is a tombstone."""

    topic: str
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes | None


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record as read: offsets count from 0 in each partition, without holes in our own buses."""

    topic: str
    partition: int
    offset: int
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Watermark:
    """Every fact of a topic stamped before ``complete_before`` lies below ``next_offsets``.

    Attributes:
        complete_before: aware instant; a fact at this very instant may still come.
        next_offsets: for each partition, in order, the offset after the last such fact.
    """

    topic: str
    complete_before: datetime
    next_offsets: tuple[int, ...]


class BusUnavailable(Exception):
    """The bus did not take or give records; nothing is known to be lost, try again."""


class BusClosed(Exception):
    """This bus or reader was closed by its owner; trying again is of no use."""


class UnknownTopic(Exception):
    """The topic was never created here: a mistake in the composition, not an outage."""


class TopicDiffers(Exception):
    """The topic exists with another number of partitions; changing it would move keys."""


class BelongsElsewhere(Exception):
    """This bus was bound to another instance: it was copied, restored or mounted to the wrong place."""


class LogShortened(Exception):
    """A log ends before a stored position: records were lost, so the consumer stops loudly."""


class BusReader(Protocol):
    """One member of a consumer group."""

    def assignment(self) -> frozenset[TopicPartition]:
        """Partitions that this member reads now; may change at any ``fetch``."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None: ...

    async def fetch(self, limit: int, timeout: float) -> list[Record]:
        """Up to ``limit`` records after the sought positions, per partition in offset order.

        Waits up to ``timeout`` seconds (real) for a first one; empty when none came. Partitions that
        are newly assigned give nothing until they were sought.

        Raises:
            BusUnavailable: try again.
        """
        ...

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Tell the bus how far we are. Only shows lag; losing it loses nothing."""
        ...

    async def close(self) -> None: ...


class Bus(Protocol):
    """A log of topics with partitions."""

    async def ensure_topics(self, partitions: Mapping[str, int]) -> None:
        """Create the topics that are missing."""
        ...

    async def incarnation(self, topic: str) -> str:
        """An id that changes when a topic is deleted and made anew, so that positions do not mix."""
        ...

    async def append(self, records: Sequence[NewRecord]) -> None:
        """Append in order; when it returns, all are durable. Called by relays only.

        Raises:
            BusUnavailable: some, all or none were appended; append them again.
        """
        ...

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The offset that the next record of each partition will get."""
        ...

    async def reader(self, group: str, topics: Sequence[str]) -> BusReader:
        """Join a group; positions are the caller's business (``seek``)."""
        ...

    async def publish_watermark(self, watermark: Watermark) -> None: ...

    async def watermark(self, topic: str) -> Watermark | None:
        """The newest published watermark of a topic."""
        ...

    async def close(self) -> None: ...


def partition_of(key: bytes, partitions: int) -> int:
    """The one partition function of our own buses (Kafka's client uses murmur2 for its own)."""
    return zlib.crc32(key) % partitions
