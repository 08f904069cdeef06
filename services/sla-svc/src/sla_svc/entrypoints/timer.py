"""The timer: lets time pass for clocks, up to the applied watermark and never beyond it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import structlog

from hotline_chassis.bus.port import Bus, BusUnavailable
from hotline_chassis.clocks import SystemClock
from hotline_chassis.crashpoints import reach
from hotline_chassis.database import TROUBLE, Database, Transaction
from hotline_chassis.positions import applied_before
from hotline_chassis.signals import Signal
from hotline_chassis.troubles import Troubles
from hotline_contracts.values import Duty
from sla_svc.application.pass_time import pass_time
from sla_svc.application.ports import ClockStore
from sla_svc.domain.driving import duties_by_topics
from sla_svc.domain.rulebook import Rulebook

log = structlog.get_logger(__name__)

CLAIM = 1000
MICROSECOND = timedelta(microseconds=1)
LONGEST_SLEEP = 0.2
"""Seconds; earlier transitions wake it before (``woken``)."""
PAUSE_FOR_WATERMARK = 0.05
STANDSTILL = 2.0
"""Seconds that a watermark may stand still while something is due, before an alert."""


class ClockTimer:
    """Moves what is due; the chassis' ``Timer``, and a loop of its own under a system clock.

    Args:
        clocks: the clocks and cards of a transaction's connection.
        next_transition: the earliest instant whose passing changes a clock.
        woken: raised when facts were applied, which may have brought an earlier transition.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        system_clock: SystemClock,
        clocks: Callable[[asyncpg.Connection], ClockStore],
        rulebook: Callable[[asyncpg.Connection], Awaitable[Rulebook]],
        next_transition: Callable[[asyncpg.Connection], Awaitable[datetime | None]],
        woken: Signal,
    ) -> None:
        self.turns = 0
        self._database = database
        self._bus = bus
        self._system_clock = system_clock
        self._clocks = clocks
        self._rulebook = rulebook
        self._next_transition = next_transition
        self._woken = woken
        self._troubles = Troubles()
        self._stands_at: datetime | None = None
        self._stands_since = 0.0
        self._alerted = False

    @property
    def topics(self) -> frozenset[str]:
        """Every topic whose facts can stop a duty."""
        return frozenset(topic for topics, _ in duties_by_topics() for topic in topics)

    async def next_due_at(self) -> datetime | None:
        """The first instant at which something has passed: a microsecond after it happens."""
        async with self._database.reading() as connection:
            transition = await self._next_transition(connection)
        return None if transition is None else transition + MICROSECOND

    async def tick(self) -> int:
        """Advance all that lies before the applied watermark; returns how many clocks.

        Duties that other topics can stop go on by themselves. 0 also while the newest watermark lies beyond
        what was applied here: the timer then knows nothing for certain, and waits.
        """
        done, more = 0, True
        while more:
            async with self._database.transaction() as transaction:
                claimed = [await self._pass(transaction, *group) for group in duties_by_topics()]
                if any(claimed):
                    reach("timer.before-commit")
            if any(claimed):
                reach("timer.after-commit")
            done += sum(claimed)
            more = CLAIM in claimed
        return done

    async def _pass(self, transaction: Transaction, topics: tuple[str, ...], duties: list[Duty]) -> int:
        """Advance one claim of the duties that the same topics can stop, as far as these are applied."""
        connection = transaction.connection
        before = await applied_before(connection, self._bus, topics)
        if before is None:
            return 0
        return await pass_time(
            before,
            duties,
            CLAIM,
            journal=transaction,
            store=self._clocks(connection),
            rulebook=await self._rulebook(connection),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Tick whenever something is due, until told to stop; outages are waited out."""
        while not stop.is_set():
            self.turns += 1
            try:
                await self._woken.wait(await self._step())
            except (BusUnavailable, *TROUBLE) as trouble:
                error = type(trouble).__name__
                if (untold := self._troubles.due(error)) is not None:
                    log.warning("timer.retries", error=error, untold=untold)
                await asyncio.sleep(LONGEST_SLEEP)

    async def _step(self) -> float:
        """Do what is due; returns the seconds to sleep."""
        due_at = await self.next_due_at()
        now = self._database.clock.now()
        if due_at is None or due_at > now:
            self._stands_at = None
            return LONGEST_SLEEP if due_at is None else min(LONGEST_SLEEP, (due_at - now).total_seconds())
        moved = await self.tick()
        left = await self.next_due_at() if moved else due_at
        self._watch(left if left is not None and left <= now else None)
        return 0.0 if moved else PAUSE_FOR_WATERMARK

    def _watch(self, due_at: datetime | None) -> None:
        """Alert once when the earliest instant that is left undone stays the same, though others have moved."""
        now = self._system_clock.monotonic()
        if due_at is None or due_at != self._stands_at:
            self._stands_at, self._stands_since, self._alerted = due_at, now, False
        elif now - self._stands_since > STANDSTILL and not self._alerted:
            self._alerted = True
            log.warning("timer.watermark_stands_still", due_at=due_at.isoformat(), alert=True)
