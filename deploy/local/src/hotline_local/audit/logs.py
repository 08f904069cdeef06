"""The topics as they are, wherever they lie: in the embedded bus' tables or on a Kafka broker."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from hotline_chassis.bus.port import BusUnavailable, UnknownTopic
from hotline_chassis.clocks import RealTime
from hotline_contracts.events.registry import COMPACTED

from . import layout
from .layout import BUS, SERVICES
from .snapshot import Headers, Log, Record, Row, TopicPartition

if TYPE_CHECKING:
    from hotline_chassis.bus.kafka import KafkaBus

Dsn: TypeAlias = Callable[[str], dict[str, Any]]

_unpack = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class LogReader(Protocol):
    """Reads the topics without taking part in them."""

    async def instance_id(self) -> UUID | None:
        """The instance that the bus is bound to."""
        ...

    async def oldest_watermark(self) -> datetime | None:
        """The instant before which every topic with a watermark is complete."""
        ...

    async def ends(self) -> dict[TopicPartition, int]: ...

    async def read(self, ends_before: Mapping[TopicPartition, int]) -> Log:
        """Everything, to the present ends."""
        ...


class LogUnreachable(Exception):
    """The broker that holds the facts does not answer, or no longer holds them."""


@asynccontextmanager
async def open_log(identity: Row | None, dsn: Dsn) -> AsyncIterator[LogReader]:
    """The log of an instance's row.

    Raises:
        LogUnreachable: it lies on a broker that does not answer, now or later in the block.
    """
    if identity is None or identity["kafka"] is None:
        yield EmbeddedLog(dsn(BUS))
        return
    from hotline_chassis.bus.kafka import KafkaBus

    address = identity["kafka"]
    try:
        bus = await KafkaBus.connect(address, RealTime(), namespace=identity["namespace"])
        try:
            yield KafkaLog(bus)
        finally:
            await bus.close()
    except BusUnavailable as refused:
        raise LogUnreachable(f"事件在 Kafka（{address}）上，它没有回答：{refused}") from refused
    except UnknownTopic as missing:
        raise LogUnreachable(f"Kafka（{address}）上没有主题 {missing}，事件不全，无从核对。") from missing


class EmbeddedLog:
    """The embedded bus' tables, each reading of one moment."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self._dsn = dsn

    async def instance_id(self) -> UUID | None:
        rows = await self._fetch({"": layout.INSTANCE_OF_BUS})
        return rows[""][0]["id"] if rows[""] else None

    async def oldest_watermark(self) -> datetime | None:
        rows = await self._fetch({"": layout.WATERMARKS})
        return min((row["complete_before"] for row in rows[""]), default=None)

    async def ends(self) -> dict[TopicPartition, int]:
        return _ends((await self._fetch({"": layout.ENDS}))[""])

    async def read(self, ends_before: Mapping[TopicPartition, int]) -> Log:
        found = await self._fetch(
            {"ends": layout.ENDS, "records": layout.RECORDS, "watermarks": layout.WATERMARKS}
        )
        partitions = {row["id"]: (row["name"], row["number"]) for row in found["ends"]}
        return Log(
            records=[
                Record(*partitions[partition_id], offset, key, _headers(headers), value)
                for partition_id, offset, key, headers, value in found["records"]
                if partition_id in partitions
            ],
            ends_before=ends_before,
            ends=_ends(found["ends"]),
            incarnations={row["name"]: row["incarnation"] for row in found["ends"]},
            watermarks={row["name"]: row["complete_before"] for row in found["watermarks"]},
        )

    async def _fetch(self, statements: Mapping[str, str]) -> dict[str, list[asyncpg.Record]]:
        connection = await asyncpg.connect(**self._dsn)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return {name: await connection.fetch(statement) for name, statement in statements.items()}
        finally:
            await connection.close()


def _headers(packed: bytes) -> Headers:
    try:
        return _unpack(packed)
    except msgspec.DecodeError:
        return []


def _ends(rows: Sequence[asyncpg.Record]) -> dict[TopicPartition, int]:
    return {(row["name"], row["number"]): row["next_offset"] for row in rows}


class KafkaLog:
    """A broker's topics, read from their beginning by a client without a group."""

    def __init__(self, bus: "KafkaBus") -> None:
        self._bus = bus
        consumed = {topic for service in SERVICES.values() for topic in service.consumes}
        published = {topic for service in SERVICES.values() for topic in service.publishes}
        self._topics = sorted(published | {f"{topic}.dlq" for topic in consumed})

    async def instance_id(self) -> UUID | None:
        return await self._bus.instance_id()

    async def oldest_watermark(self) -> datetime | None:
        return min((await self._watermarks()).values(), default=None)

    async def _watermarks(self) -> dict[str, datetime]:
        marks = [await self._bus.watermark(topic) for topic in self._topics]
        return {mark.topic: mark.complete_before for mark in marks if mark is not None}

    async def ends(self) -> dict[TopicPartition, int]:
        return await self._bus.end_offsets(self._topics)

    async def read(self, ends_before: Mapping[TopicPartition, int]) -> Log:
        ends = await self.ends()
        records = [
            Record(r.topic, r.partition, r.offset, r.key, r.headers, r.value)
            async for r in self._bus.everything_below(ends)
        ]
        return Log(
            records=records,
            ends_before=ends_before,
            ends=ends,
            incarnations={topic: await self._bus.incarnation(topic) for topic in self._topics},
            watermarks=await self._watermarks(),
            compacted=COMPACTED,
        )
