"""The relay: moves a service's outbox rows to the bus, in order, at least once, and says how complete it is.

One relay per service is active: it holds an advisory lock on a direct connection and does everything
over that connection, so that it stops when the lock is gone. Order is safe because an aggregate's rows
get their ids under the aggregate's lock; a row that commits late with a lower id belongs to another
aggregate and is found by the sweep from zero.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
import structlog

from hotline_chassis.bus.port import Bus, BusUnavailable, NewRecord, Watermark
from hotline_chassis.clocks import BusinessClock, SystemClock
from hotline_chassis.crashpoints import reach
from hotline_chassis.database import unpack_headers
from hotline_chassis.signals import Signal

log = structlog.get_logger(__name__)

ADVISORY_LOCK = 5204_12345
SWEEP_SECONDS = 1.0
IDLE_SECONDS = 0.2
WATERMARK_SECONDS = 0.2

_SELECT = "SELECT id, topic, key, headers, value FROM outbox WHERE id > $1 ORDER BY id LIMIT $2"
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_RAISE_FLOOR = """
UPDATE stamp_floor SET complete_before = greatest(complete_before, $1) RETURNING complete_before
"""
_IN_FLIGHT = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""


class RelayLockHeld(Exception):
    """Another relay of this service is active."""


class Relay:
    """Moves one service's outbox.

    Attributes:
        topics: what the service publishes; watermarks are published for exactly these.
    """

    def __init__(
        self,
        dsn: dict[str, Any],
        bus: Bus,
        *,
        topics: Sequence[str],
        clock: BusinessClock,
        system_clock: SystemClock,
        wake: Signal,
        batch: int = 1000,
    ) -> None:
        self.topics = tuple(topics)
        self._dsn = dsn
        self._bus = bus
        self._clock = clock
        self._system_clock = system_clock
        self._wake = wake
        self._batch = batch
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._last_id = 0
        self._swept_at = float("-inf")

    async def start(self) -> None:
        """Take the lock.

        Raises:
            RelayLockHeld: another relay has it.
        """
        connection = await asyncpg.connect(**self._dsn)
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ADVISORY_LOCK):
            await connection.close()
            raise RelayLockHeld
        # A lost DELETE only means that rows are sent again, which consumers recognise.
        await connection.execute("SET synchronous_commit = off")
        self._connection = connection
        self._last_id = 0

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @property
    def active(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def step(self) -> int:
        """Move all rows that are visible now; returns how many.

        Raises:
            BusUnavailable: nothing is lost; the next step begins at the lowest row that is left.
        """
        async with self._turn:
            return await self._move(sweep=True)

    async def _move(self, *, sweep: bool) -> int:
        moved = 0
        if sweep:
            self._last_id = 0
        while rows := await self._held().fetch(_SELECT, self._last_id, self._batch):
            try:
                await self._bus.append([_as_record(row) for row in rows])
            except BaseException:
                self._last_id = 0
                raise
            reach("relay.after-append")
            await self._held().execute(_DELETE, [row["id"] for row in rows])
            reach("relay.after-delete")
            self._last_id = rows[-1]["id"]
            moved += len(rows)
            if len(rows) < self._batch:
                break
        return moved

    async def publish_watermarks(self) -> datetime:
        """Publish that every fact of our topics before an instant is on the bus; returns the instant.

        The floor is raised first: a transaction that has its id later reads it and stamps at or above
        it. Those with an id already are waited for; then all they wrote is moved.
        """
        async with self._turn:
            complete_before = await self._raise_floor()
            await self._wait_for_older_transactions()
            await self._move(sweep=True)
            ends = await self._bus.end_offsets(self.topics)
            for topic in self.topics:
                offsets = [offset for (name, _), offset in sorted(ends.items()) if name == topic]
                await self._bus.publish_watermark(Watermark(topic, complete_before, tuple(offsets)))
        return complete_before

    async def _raise_floor(self) -> datetime:
        connection = self._held()
        async with connection.transaction():
            # Unlike the deletes, the floor must survive what the watermark on the bus survives.
            await connection.execute("SET LOCAL synchronous_commit = on")
            raised: datetime = await connection.fetchval(_RAISE_FLOOR, self._clock.now())
        return raised

    async def _wait_for_older_transactions(self) -> None:
        oldest, upto = await self._held().fetchrow(_IN_FLIGHT)
        pause = 0.001
        while oldest < upto:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)
            oldest, _ = await self._held().fetchrow(_IN_FLIGHT)

    def _held(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            raise RelayLockHeld("the connection that holds the relay's lock is gone")
        return self._connection

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop, through outages of bus and database."""
        while not stop.is_set():
            try:
                await self._ensure_lock()
                woken = await self._wake.wait(IDLE_SECONDS)
                now = self._system_clock.monotonic()
                sweep = now - self._swept_at >= SWEEP_SECONDS
                if woken or sweep:
                    self._swept_at = now if sweep else self._swept_at
                    async with self._turn:
                        await self._move(sweep=sweep)
            except (
                BusUnavailable,
                RelayLockHeld,
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as trouble:
                log.warning("relay.retries", error=type(trouble).__name__)
                self._wake.raise_()
                await asyncio.sleep(IDLE_SECONDS)

    async def run_watermarks(self, stop: asyncio.Event) -> None:
        """Publish watermarks until told to stop; only where a timer waits for them, and time moves."""
        while not stop.is_set():
            await asyncio.sleep(WATERMARK_SECONDS)
            try:
                if self.active:
                    await self.publish_watermarks()
            except (
                BusUnavailable,
                RelayLockHeld,
                OSError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
            ) as trouble:
                log.warning("relay.watermark_retries", error=type(trouble).__name__)

    async def _ensure_lock(self) -> None:
        if not self.active:
            await self.start()


def _as_record(row: Any) -> NewRecord:
    return NewRecord(row["topic"], row["key"], unpack_headers(row["headers"]), row["value"])
