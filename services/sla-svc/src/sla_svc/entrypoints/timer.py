"""The timer: lets time pass for clocks, up to the applied watermark and never beyond it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg
import structlog

from hotline_chassis.bus.port import Bus, BusUnavailable
from hotline_chassis.clocks import SystemClock
from hotline_chassis.crashpoints import reach
from hotline_chassis.database import TROUBLE, Database
from hotline_chassis.positions import applied_before
from hotline_chassis.signals import Signal
from hotline_contracts.values import Duty
from sla_svc.application.pass_time import duties_by_topics, pass_time
from sla_svc.application.ports import ClockStore
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
        self._database = database
        self._bus = bus
        self._system_clock = system_clock
        self._clocks = clocks
        self._rulebook = rulebook
        self._next_transition = next_transition
        self._woken = woken
        self._stands_since: float | None = None
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

        0 also while the newest watermark lies beyond what was applied here: the timer then knows nothing
        for certain, and waits.
        """
        return sum([await self._tick(topics, duties) for topics, duties in duties_by_topics()])

    async def _tick(self, topics: tuple[str, ...], duties: list[Duty]) -> int:
        done, claimed = 0, CLAIM
        while claimed == CLAIM:
            async with self._database.transaction() as transaction:
                connection = transaction.connection
                before = await applied_before(connection, self._bus, topics)
                if before is None:
                    return done
                claimed = await pass_time(
                    before,
                    duties,
                    CLAIM,
                    journal=transaction,
                    store=self._clocks(connection),
                    rulebook=await self._rulebook(connection),
                )
                reach("timer.before-commit")
            reach("timer.after-commit")
            done += claimed
        return done

    async def run(self, stop: asyncio.Event) -> None:
        """Tick whenever something is due, until told to stop; outages are waited out."""
        while not stop.is_set():
            try:
                await self._woken.wait(await self._step())
            except (BusUnavailable, *TROUBLE) as trouble:
                log.warning("timer.retries", error=type(trouble).__name__)
                await asyncio.sleep(LONGEST_SLEEP)

    async def _step(self) -> float:
        """Do what is due; returns the seconds to sleep."""
        due_at = await self.next_due_at()
        now = self._database.clock.now()
        if due_at is None or due_at > now:
            self._note_progress()
            return LONGEST_SLEEP if due_at is None else min(LONGEST_SLEEP, (due_at - now).total_seconds())
        if await self.tick():
            self._note_progress()
            return 0.0
        self._note_standstill(due_at)
        return PAUSE_FOR_WATERMARK

    def _note_progress(self) -> None:
        self._stands_since = None
        self._alerted = False

    def _note_standstill(self, due_at: datetime) -> None:
        now = self._system_clock.monotonic()
        if self._stands_since is None:
            self._stands_since = now
        elif now - self._stands_since > STANDSTILL and not self._alerted:
            self._alerted = True
            log.warning("timer.watermark_stands_still", due_at=due_at.isoformat(), alert=True)
