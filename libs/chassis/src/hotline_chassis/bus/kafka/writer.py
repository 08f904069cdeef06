"""Appending: one idempotent producer at a time, appends that meet in one process share its requests."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from hotline_chassis.bus.kafka.cluster import Cluster
from hotline_chassis.bus.kafka.ending import end
from hotline_chassis.bus.kafka.settings import milliseconds
from hotline_chassis.bus.port import BusClosed, BusUnavailable, NewRecord, TopicPartition
from hotline_chassis.signals import Signal

log = structlog.get_logger(__name__)

_LARGEST = 4_000
"""Records of appends that share a request."""
_BATCH_RECORDS = 2_000
_BATCH_BYTES = 1_000_000
"""Below the broker's message.max.bytes (1 MiB and 12 bytes), which counts the batch's own head too."""
RECORD_BYTES = 900_000
_FLAG = 0x7FFFFFFF


class RecordTooLarge(Exception):
    """No broker takes a record of this size, however often it is sent."""


@lru_cache(maxsize=65_536)
def hash_of(key: bytes) -> int:
    """Kafka's own hash of a key; all events of a ticket ask for the same one."""
    return int(murmur2(key)) & _FLAG


@dataclass(slots=True)
class _Waiting:
    records: Sequence[NewRecord]
    done: asyncio.Future[None]


class Writer:
    """Sends the next batch of a partition when the one before was acknowledged.

    A send that failed, or that was not answered in time, may have been written. Its producer is abandoned,
    so that it cannot write it later, and whoever appended is told to append again.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._settings = cluster.settings
        self._producer: Any = None
        self._endings: set[asyncio.Task[None]] = set()
        self._queue: deque[_Waiting] = deque()
        self._queued = Signal()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    async def append(self, records: Sequence[NewRecord]) -> None:
        """Append in order; durable when it returns.

        Raises:
            BusClosed: the bus was closed.
            BusUnavailable: all, some or none were appended.
            RecordTooLarge: one of them never can be.
            UnknownTopic: none was appended.
        """
        if self._closed:
            raise BusClosed
        await self._cluster.known({record.topic for record in records})
        for record in records:
            if record.value is not None and len(record.value) > RECORD_BYTES:
                raise RecordTooLarge(f"{len(record.value)} bytes for {record.topic}")
        if not records:
            return
        waiting = _Waiting(records, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued.raise_()
        if self._task is None:
            self._task = asyncio.create_task(self._write_queue(), name="kafka writer")
        await waiting.done

    async def _write_queue(self) -> None:
        while not self._closed:
            if not self._queue:
                await self._queued.wait(60)
                continue
            batch = [self._queue.popleft()]
            count = len(batch[0].records)
            while self._queue and (count := count + len(self._queue[0].records)) <= _LARGEST:
                batch.append(self._queue.popleft())
            await self._write_batch(batch)

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        outcome: Exception | None = None
        try:
            await self._write([record for waiting in batch for record in waiting.records])
        except Exception as error:  # noqa: BLE001 - it is told to whoever appended
            log.warning("kafka.append_failed", error=type(error).__name__, detail=str(error))
            outcome = BusUnavailable(f"{type(error).__name__}: {error}")
            outcome.__cause__ = error
        except BaseException:
            _settle(batch, BusUnavailable("the bus was closed during an append"))
            raise
        _settle(batch, outcome)

    async def _write(self, records: list[NewRecord]) -> None:
        parts: dict[TopicPartition, list[NewRecord]] = {}
        topics = await self._cluster.known({record.topic for record in records})
        for record in records:
            number = hash_of(record.key) % len(topics[record.topic].leaders)
            parts.setdefault((record.topic, number), []).append(record)
        producer = None
        try:
            async with asyncio.timeout(self._settings.send):
                producer = await self._started()
                sends = [self._send(producer, part, wanted) for part, wanted in parts.items()]
                failures = await asyncio.gather(*sends, return_exceptions=True)
            _raise_first(failures)
        except BaseException:
            self._abandon()
            raise

    async def _started(self) -> Any:
        if self._producer is None:
            self._producer = producer = AIOKafkaProducer(
                bootstrap_servers=self._cluster.bootstrap,
                client_id=f"{self._cluster.client_id}-writer",
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES,
                request_timeout_ms=milliseconds(self._settings.request),
            )
            await producer.start()
        return self._producer

    async def _send(self, producer: Any, part: TopicPartition, records: list[NewRecord]) -> None:
        topic = self._cluster.physical(part[0])
        start = 0
        while start < len(records):
            batch = producer.create_batch()
            end_at = min(start + _BATCH_RECORDS, len(records))
            taken = start
            # Kafka's own timestamp: a virtual clock may be far ahead, and the broker refuses that.
            while taken < end_at and _add(batch, records[taken]):
                taken += 1
            if taken == start:
                raise KafkaError(f"a record of {part} fits no batch")
            batch.close()
            await (await producer.send_batch(batch, topic, partition=part[1]))
            start = taken

    def _abandon(self) -> None:
        """Whether it was written is unknown: this producer must not go on trying."""
        producer, self._producer = self._producer, None
        self._cluster.forget()
        if producer is not None:
            ending = asyncio.create_task(end(producer, self._settings.stop), name="kafka producer's end")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)

    async def close(self) -> None:
        self._closed = True
        self._queued.raise_()
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=self._settings.stop)
            if not done:
                self._task.cancel()
                await asyncio.wait([self._task])
        _settle(self._queue, BusClosed())
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await end(producer, self._settings.stop)
        if self._endings:
            await asyncio.wait(set(self._endings))


def _raise_first(failures: Sequence[BaseException | None]) -> None:
    for failure in failures:
        if failure is not None:
            raise failure


def _add(batch: Any, record: NewRecord) -> bool:
    """False when the batch is full."""
    added = batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
    return added is not None


def _settle(batch: Sequence[_Waiting] | deque[_Waiting], outcome: Exception | None) -> None:
    for waiting in batch:
        if waiting.done.done():
            continue
        if outcome is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(outcome)
