"""The relay: moves a service's outbox rows to the bus, in order, at least once, and says how complete it is.

One relay per service is active: it holds an advisory lock on a direct connection and does everything
over that connection, so that it stops when the lock is gone. Order is safe because an aggregate's rows
get their ids under the aggregate's lock, and because every look begins at the lowest row there is.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import structlog

from hotline_chassis.bus.port import Bus, BusUnavailable, NewRecord, Watermark
from hotline_chassis.clocks import BusinessClock, SystemClock
from hotline_chassis.crashpoints import reach
from hotline_chassis.database import TROUBLE as DATABASE_TROUBLE
from hotline_chassis.database import unpack_headers
from hotline_chassis.signals import Signal
from hotline_chassis.troubles import Troubles

log = structlog.get_logger(__name__)

ADVISORY_LOCK = 5204_12345
CHANNEL = "outbox"
"""Where processes that wrote outbox rows tell of them (``processes.outbox_notices``)."""
IDLE_SECONDS = 0.2
STANDBY_SECONDS = 0.5
WATERMARK_SECONDS = 0.2

_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
# One round trip for two things: away with the rows that the bus has, and the next ones. From the very first
# row each time: one that commits late with a lower id must not be overtaken by its aggregate's next one.
# NOT IN a subquery is looked up in a hash, <> ALL of a parameter is compared one by one.
_NEXT = f"""
WITH gone AS ({_DELETE})
SELECT id, topic, key, headers, value FROM outbox WHERE id NOT IN (SELECT unnest($2::bigint[])) ORDER BY id LIMIT $3
"""
_RAISE_FLOOR = """
WITH kept AS MATERIALIZED (SELECT set_config('synchronous_commit', $2, true))
UPDATE stamp_floor SET complete_before = greatest(complete_before, $1) FROM kept RETURNING complete_before
"""
# Our own id, not the snapshot's xmax: that says nothing of younger ones that still run beside a finished one.
_OUR_ID = """
SELECT pg_current_xact_id()::text::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  EXISTS (SELECT FROM outbox WHERE id <> ALL($1::bigint[]))
"""
_OLDEST = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
  EXISTS (SELECT FROM outbox WHERE id <> ALL($1::bigint[]))
"""

_Batch: TypeAlias = dict[int, NewRecord]
"""Rows by their ids, the lowest first."""


class RelayLockHeld(Exception):
    """Another relay of this service is active."""


TROUBLE = (BusUnavailable, RelayLockHeld, *DATABASE_TROUBLE)


class Relay:
    """Moves one service's outbox.

    Attributes:
        topics: what the service publishes and somebody's timer waits for: watermarks go to these.
        moved: rows appended so far, by whoever made a step.
        turns: rounds of ``run`` so far; one that stands still hangs.
        standby: another relay of this service has the lock; ours waits for it.

    Args:
        durable_floor: flush the stamp floor to disk before a watermark stands on it. False only where the
            bus lies in the same database cluster: its log keeps their order, and both may be lost together.
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
        durable_floor: bool = True,
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
        self._troubles = Troubles()
        self._keeps_floor = "on" if durable_floor else "off"
        self._appended: list[int] = []
        self.moved = 0
        self.turns = 0
        self.standby = False

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
        await connection.add_listener(CHANNEL, lambda *_: self._wake.raise_())
        self._connection = connection
        self._appended = []

    async def close(self) -> None:
        """Let go of the lock; rows that the bus has leave the outbox if the database still answers."""
        if self._connection is None:
            return
        async with self._turn:
            try:
                if self.active and self._appended:
                    await self._held().execute(_DELETE, self._appended)
                await self._connection.close()
            except TROUBLE as trouble:
                # They are sent again by the next relay, and recognised.
                log.warning("relay.left_rows", rows=len(self._appended), error=type(trouble).__name__)
                self._connection.terminate()
            self._connection = None

    @property
    def busy(self) -> bool:
        """Whether a step is under way, ours or the background's."""
        return self._turn.locked()

    @property
    def active(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def step(self) -> int:
        """Move all rows that are visible now; returns how many.

        Rows that the bus has leave the outbox with the next step: a crash in between only sends them
        again, which consumers recognise.

        Raises:
            BusUnavailable: nothing is lost; the next step begins at the lowest row that is left.
        """
        async with self._turn:
            return await self._move()

    async def _move(self) -> int:
        moved = 0
        batch = await self._next_batch({})
        while batch:
            behind = await self._append(batch)
            reach("relay.after-append")
            self._appended = list(batch)
            moved += len(batch)
            self.moved += len(batch)
            batch = behind
        return moved

    async def _append(self, batch: _Batch) -> _Batch:
        """Append; returns the next rows, which are looked for meanwhile if there may be any.

        Whatever is committed later lies behind all that either look has seen of its aggregate.
        """
        sending = self._bus.append(list(batch.values()))
        if len(batch) < self._batch:
            await sending
            return {}
        # Both end before an error is told: what is still under way would come behind its own repetition.
        sent, behind = await asyncio.gather(sending, self._next_batch(batch), return_exceptions=True)
        if isinstance(sent, BaseException):
            raise sent
        if isinstance(behind, BaseException):
            raise behind
        return behind

    async def _next_batch(self, under_way: _Batch) -> _Batch:
        """The lowest rows but those under way; those that the bus has leave the outbox."""
        kept_out = [*self._appended, *under_way]
        rows = await self._held().fetch(_NEXT, self._appended, kept_out, self._batch)
        self._appended = []
        reach("relay.after-delete")
        return {
            row_id: NewRecord(topic, key, unpack_headers(headers), value)
            for row_id, topic, key, headers, value in rows
        }

    async def publish_watermarks(self) -> datetime:
        """Publish that every fact of our topics before an instant is on the bus; returns the instant.

        The floor is raised first: a transaction that has its id later reads it and stamps at or above
        it. Those with an id already are waited for; then all they wrote is moved.
        """
        async with self._turn:
            held = self._held()
            complete_before: datetime = await held.fetchval(
                _RAISE_FLOOR, self._clock.now(), self._keeps_floor
            )
            ours, oldest, waiting = await held.fetchrow(_OUR_ID, self._appended)
            if oldest >= ours:
                await self._publish(complete_before, rows_wait=waiting)
                return complete_before
        pause = 0.001
        while True:
            # Rows go on moving meanwhile: the oldest transaction may be a long one, of another database even.
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.05)
            async with self._turn:
                oldest, waiting = await held.fetchrow(_OLDEST, self._appended)
                if oldest >= ours:
                    await self._publish(complete_before, rows_wait=waiting)
                    return complete_before

    async def _publish(self, complete_before: datetime, *, rows_wait: bool) -> None:
        if rows_wait:
            await self._move()
        ends = await self._bus.end_offsets(self.topics)
        for topic in self.topics:
            offsets = [offset for (name, _), offset in sorted(ends.items()) if name == topic]
            await self._bus.publish_watermark(Watermark(topic, complete_before, tuple(offsets)))

    def _held(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            raise RelayLockHeld("the connection that holds the relay's lock is gone")
        return self._connection

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop, through outages of bus and database."""
        while not stop.is_set():
            self.turns += 1
            try:
                if not await self._has_lock(stop):
                    continue
                await self._wake.wait(IDLE_SECONDS)
                async with self._turn:
                    if await self._move():
                        self._wake.raise_()  # come back for the rows that are to leave
            except TROUBLE as trouble:
                self._tell("relay.retries", trouble)
                self._abandon(trouble)
                self._wake.raise_()
                await asyncio.sleep(IDLE_SECONDS)

    async def run_watermarks(self, stop: asyncio.Event) -> None:
        """Publish watermarks until told to stop; only where a timer waits for them, and time moves."""
        while not stop.is_set():
            await asyncio.sleep(WATERMARK_SECONDS)
            try:
                if self.active:
                    await self.publish_watermarks()
            except TROUBLE as trouble:
                self._tell("relay.watermark_retries", trouble)
                self._abandon(trouble)

    def _tell(self, event: str, trouble: Exception) -> None:
        error = type(trouble).__name__
        if (untold := self._troubles.due(f"{event} {error}")) is not None:
            log.warning(event, error=error, untold=untold)

    def _abandon(self, trouble: Exception) -> None:
        """After an error of the database the lock's connection is not to be trusted: take the lock anew."""
        if self._connection is not None and not isinstance(trouble, BusUnavailable):
            self._connection.terminate()
            self._connection = None

    async def _has_lock(self, stop: asyncio.Event) -> bool:
        if self.active:
            return True
        try:
            await self.start()
        except RelayLockHeld:
            await self._stand_by(stop)
            return False
        self.standby = False
        self._wake.raise_()  # for what was written while nobody listened
        return True

    async def _stand_by(self, stop: asyncio.Event) -> None:
        """Another one has the lock: ask again soon."""
        if not self.standby:
            self.standby = True
            log.info("relay.stands_by")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STANDBY_SECONDS):
                await stop.wait()
