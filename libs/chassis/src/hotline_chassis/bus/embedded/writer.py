"""The one connection that changes the log; appends that meet in one process share a transaction."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec

from hotline_chassis.bus.embedded.catalogue import Catalogue
from hotline_chassis.bus.embedded.schema import PROCESS_LOCK, outages, prepare
from hotline_chassis.bus.port import BusClosed, BusUnavailable, NewRecord, partition_of
from hotline_chassis.signals import Signal

_LARGEST = 4_000
"""Records of one transaction; more would hold the partitions' locks for long."""

# One statement, one round trip. `taken` locks the partitions in the order of their ids (no deadlocks)
# and holds them until the commit: whoever takes the next offsets commits, and is seen, after us.
_APPEND = """
WITH taken AS (
  SELECT id, next_offset FROM partitions WHERE id = ANY($1::integer[]) ORDER BY id FOR UPDATE
), moved AS (
  UPDATE partitions p SET next_offset = taken.next_offset + growth.records
  FROM taken JOIN unnest($1::integer[], $2::bigint[]) AS growth (id, records) USING (id)
  WHERE p.id = taken.id
  RETURNING p.id, p.next_offset
), written AS (
  INSERT INTO records (partition_id, "offset", key, headers, value)
  SELECT taken.id, taken.next_offset + new.place, new.key, new.headers, new.value
  FROM unnest($3::integer[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[])
    AS new (partition_id, place, key, headers, value)
  JOIN taken ON taken.id = new.partition_id
)
SELECT id, next_offset FROM moved
"""

_pack = msgspec.msgpack.Encoder().encode


class HeldElsewhere(BusUnavailable):
    """Another process has this bus open, and one of the two wants to be alone."""


@dataclass(slots=True)
class _Layout:
    """Records laid out as the columns of ``_APPEND``."""

    partitions: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    headers: list[bytes] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    growth: dict[int, int] = field(default_factory=dict)

    def add(self, catalogue: Catalogue, record: NewRecord) -> None:
        rows = catalogue.topic(record.topic).partitions
        row_id = rows[partition_of(record.key, len(rows))]
        place = self.growth.get(row_id, 0)
        self.growth[row_id] = place + 1
        self.partitions.append(row_id)
        self.places.append(place)
        self.keys.append(record.key)
        self.headers.append(_pack(record.headers))
        self.values.append(record.value)


@dataclass(slots=True)
class _Waiting:
    records: Sequence[NewRecord]
    done: asyncio.Future[None]


class Writer:
    """Appends, topics and the process' claim on the bus.

    The claim is a session lock on this very connection: when it is ours, no earlier owner can still be
    inside an append, because its session would still hold it.
    """

    def __init__(
        self, dsn: dict[str, Any], catalogue: Catalogue, *, alone: bool, patience: timedelta
    ) -> None:
        self._settings: dict[str, Any] = {
            **dsn,
            "command_timeout": 30,
            # When append returns, the relay deletes its outbox rows: the commit must be on disk.
            "server_settings": {
                "application_name": "bus writer",
                "synchronous_commit": "on",
                "lock_timeout": str(patience // timedelta(milliseconds=1)),
                "jit": "off",
            },
        }
        self._catalogue = catalogue
        self._alone = alone
        self._connection: asyncpg.Connection | None = None
        self._using = asyncio.Lock()
        self._queue: deque[_Waiting] = deque()
        self._queued = Signal()
        self._closed = False
        self._task: asyncio.Task[None] | None = None

    @property
    def knows_all(self) -> bool:
        """True when nobody else can append, so that the catalogue's ends are the ends."""
        return self._alone and self._connection is not None and not self._connection.is_closed()

    async def open(self) -> None:
        """Claim the bus and make its tables.

        Raises:
            HeldElsewhere: somebody else has it.
            BusUnavailable: no database.
        """
        async with self.connection() as connection:
            if self._alone:
                # Nobody else is here, so these are members that died; do not wait for their leases.
                await connection.execute("DELETE FROM members")
        self._task = asyncio.create_task(self._write_queue(), name="bus writer")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """The durable connection, for one user at a time; opened anew if it was lost."""
        async with self._using:
            with outages():
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._claim()
                yield self._connection

    async def _claim(self) -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(**self._settings)
        try:
            kind = "pg_advisory_lock" if self._alone else "pg_advisory_lock_shared"
            await connection.execute(f"SELECT {kind}($1)", PROCESS_LOCK)
            await prepare(connection)
            await self._catalogue.load(connection)
        except asyncpg.LockNotAvailableError as held:
            await connection.close()
            raise HeldElsewhere("another process has this bus open") from held
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def append(self, records: Sequence[NewRecord]) -> None:
        if self._closed:
            raise BusClosed
        for topic in {record.topic for record in records}:
            if topic not in self._catalogue.topics:
                await self._catalogue.look(now=True)
            self._catalogue.topic(topic)
        if not records:
            return
        waiting = _Waiting(records, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._queued.raise_()
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
            outcome = error
        except BaseException:
            _settle(batch, BusUnavailable("the bus was closed during an append"))
            raise
        _settle(batch, outcome)

    async def _write(self, records: list[NewRecord]) -> None:
        layout = _Layout()
        for record in records:
            layout.add(self._catalogue, record)
        grown = sorted(layout.growth.items())
        async with self.connection() as connection:
            try:
                ends = await connection.fetch(
                    _APPEND,
                    [row_id for row_id, _ in grown],
                    [count for _, count in grown],
                    layout.partitions,
                    layout.places,
                    layout.keys,
                    layout.headers,
                    layout.values,
                )
            except BaseException:
                # Whether it was committed is unknown. A new session waits for the end of this one (it
                # holds the claim) before the ends are trusted again.
                connection.terminate()
                raise
        self._catalogue.learn((row["id"], row["next_offset"]) for row in ends)
        if len(ends) != len(grown):
            await self._catalogue.look(now=True)
            raise BusUnavailable("a topic was deleted or made anew during the append")

    async def close(self) -> None:
        self._closed = True
        self._queued.raise_()
        if self._task is not None:
            await self._task
        _settle(self._queue, BusClosed())
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close()


def _settle(batch: Sequence[_Waiting] | deque[_Waiting], outcome: Exception | None) -> None:
    for waiting in batch:
        if waiting.done.done():
            continue
        if outcome is None:
            waiting.done.set_result(None)
        else:
            waiting.done.set_exception(outcome)
