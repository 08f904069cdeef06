"""The newest watermark of each topic: published to a compacted topic, which one task of the process follows."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
import structlog
from aiokafka import TopicPartition as KafkaPartition

from hotline_chassis.bus.kafka.cluster import Cluster
from hotline_chassis.bus.kafka.outages import OUTAGES, outages
from hotline_chassis.bus.kafka.scan import assigned_to
from hotline_chassis.bus.kafka.topics import WATERMARKS
from hotline_chassis.bus.kafka.writer import Writer
from hotline_chassis.bus.port import BusUnavailable, NewRecord, Watermark
from hotline_chassis.troubles import Troubles

log = structlog.get_logger(__name__)

_LOOK_MS = 500
_RETRY_S = 0.2
_PART = (WATERMARKS, 0)


class _Told(msgspec.Struct):
    complete_before: datetime
    next_offsets: tuple[int, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Told).decode


class Watermarks:
    """What was published as complete, by us and by others.

    Our own publications are known at once, those of others as soon as the followed topic tells them. The
    following begins with the first question, so that a process that only publishes does not read.
    """

    def __init__(self, cluster: Cluster, writer: Writer) -> None:
        self._cluster = cluster
        self._writer = writer
        self._newest: dict[str, Watermark] = {}
        self._next = 0
        self._moved = asyncio.Condition()
        self._troubles = Troubles()
        self._task: asyncio.Task[None] | None = None

    async def publish(self, watermark: Watermark) -> None:
        if not self._is_newer(watermark):
            return
        told = _encode(_Told(watermark.complete_before, watermark.next_offsets))
        await self._writer.append([NewRecord(WATERMARKS, watermark.topic.encode(), [], told)])
        self._learn(watermark)

    def _is_newer(self, watermark: Watermark) -> bool:
        known = self._newest.get(watermark.topic)
        return known is None or watermark.complete_before > known.complete_before

    def _learn(self, watermark: Watermark) -> None:
        if self._is_newer(watermark):
            self._newest[watermark.topic] = watermark

    async def newest(self, topic: str) -> Watermark | None:
        """The newest one that reached us.

        Raises:
            BusUnavailable: what was published before we came could not be read yet.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="kafka watermarks")
            await self._caught_up()
        elif not self._next:
            await self._caught_up()
        return self._newest.get(topic)

    async def forget(self, topics: Collection[str] | None = None) -> None:
        """Forget what was published of these topics, everywhere; None: of all."""
        if topics is None:
            await self.newest("")
            topics = list(self._newest)
        if not topics:
            return
        await self._writer.append([NewRecord(WATERMARKS, topic.encode(), [], None) for topic in topics])
        if self._task is not None:
            await self._caught_up()
        else:
            for topic in topics:
                self._newest.pop(topic, None)

    async def _caught_up(self) -> None:
        """Wait until all that is in the topic now was read."""
        upto = (await self._cluster.offsets([WATERMARKS]))[_PART]
        with outages():
            async with asyncio.timeout(self._cluster.settings.request), self._moved:
                await self._moved.wait_for(lambda: self._next >= upto)

    async def _follow(self) -> None:
        while True:
            try:
                await self._read_on()
            except (BusUnavailable, *OUTAGES) as trouble:
                error = type(trouble).__name__
                if (untold := self._troubles.due(error)) is not None:
                    log.warning("kafka.watermarks_retry", error=error, untold=untold)
            except Exception as bug:  # a timer without watermarks stands still
                if (untold := self._troubles.due(type(bug).__name__)) is not None:
                    log.exception("kafka.watermarks_retry_unknown", untold=untold)
            await asyncio.sleep(_RETRY_S)

    async def _read_on(self) -> None:
        """Read until there is trouble, or nothing comes although there is more."""
        part = KafkaPartition(self._cluster.physical(WATERMARKS), 0)
        async with assigned_to(self._cluster, [_PART]) as consumer:
            consumer.seek(part, self._next)
            idle = 0.0
            while True:
                for found in (await consumer.getmany(timeout_ms=_LOOK_MS)).get(part, ()):
                    self._take(found)
                    idle = -_LOOK_MS / 1000
                await self._move_to(await consumer.position(part))
                idle += _LOOK_MS / 1000
                if idle >= self._cluster.settings.stall:
                    idle = 0
                    if (await self._cluster.offsets([WATERMARKS]))[_PART] != self._next:
                        log.warning("kafka.watermarks_stalled", next_offset=self._next)
                        return

    def _take(self, found: Any) -> None:
        topic = (found.key or b"").decode(errors="replace")
        if found.value is None:
            self._newest.pop(topic, None)
            return
        try:
            told = _decode(found.value)
        except msgspec.MsgspecError:
            log.exception("kafka.watermark_unreadable", topic=topic, offset=found.offset)
            return
        self._learn(Watermark(topic, told.complete_before, told.next_offsets))

    async def _move_to(self, position: int) -> None:
        if position != self._next:
            self._next = position
            async with self._moved:
                self._moved.notify_all()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
