"""From a process's start to its end: signals, waiting for what is not there yet, and a last deadline."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog

from hotline_chassis.clocks import SystemClock

log = structlog.get_logger(__name__)

Found = TypeVar("Found")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
REMIND_SECONDS = 30.0
GIVE_UP_SECONDS = 8.0
"""After a signal: what has not ended by then ends hard. Nothing is lost by it, a crash must be safe anyway."""

_ENDINGS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """The process was told to end while it was still waiting for something."""


class Lifetime:
    """One process's life.

    Attributes:
        stop: set by SIGTERM and SIGINT.
        ended_early: the exit code of ending before the work is done; 0 where there is no end to it.
    """

    def __init__(self, system_clock: SystemClock) -> None:
        self.system_clock = system_clock
        self.stop = asyncio.Event()
        self.ended_early = 0
        self._hard_end: asyncio.TimerHandle | None = None

    @contextmanager
    def heeding_signals(self) -> Iterator[None]:
        """End in order at SIGTERM and SIGINT, and hard if that takes too long."""
        loop = asyncio.get_running_loop()
        for ending in _ENDINGS:
            loop.add_signal_handler(ending, self._end)
        try:
            yield
        finally:
            for ending in _ENDINGS:
                loop.remove_signal_handler(ending)
            if self._hard_end is not None:
                self._hard_end.cancel()

    def _end(self) -> None:
        if not self.stop.is_set():
            log.info("process.stops")
            self.stop.set()
            self._hard_end = asyncio.get_running_loop().call_later(GIVE_UP_SECONDS, self._end_hard)

    def _end_hard(self) -> None:
        log.warning("process.ends_hard", after_seconds=GIVE_UP_SECONDS)
        os._exit(self.ended_early)

    async def until_there(
        self,
        what: str,
        attempt: Callable[[], Awaitable[Found]],
        trouble: tuple[type[BaseException], ...],
    ) -> Found:
        """Try until it succeeds; only ``trouble`` is waited out.

        Raises:
            Stopped: told to end meanwhile.
        """
        pause, told, told_at = FIRST_PAUSE, "", 0.0
        while not self.stop.is_set():
            try:
                return await self._unless_stopped(attempt)
            except trouble as reason:
                now, why = self.system_clock.monotonic(), _why(reason)
                if why != told or now - told_at >= REMIND_SECONDS:
                    told, told_at = why, now
                    log.warning("process.waits", waits_for=what, error=why)
            await self.pause(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        raise Stopped(what)

    async def _unless_stopped(self, attempt: Callable[[], Awaitable[Found]]) -> Found:
        trying = asyncio.ensure_future(attempt())
        stopping = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait({trying, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if trying.done():
                return trying.result()
            raise Stopped
        finally:
            stopping.cancel()
            trying.cancel()
            await asyncio.wait({trying}, timeout=1)

    async def pause(self, seconds: float) -> None:
        """Sleep, at most until told to end."""
        try:
            async with asyncio.timeout(seconds):
                await self.stop.wait()
        except TimeoutError:
            return


def _why(reason: BaseException) -> str:
    """Its type; the message only where it is our own, a driver's may quote what it was given."""
    kind = type(reason)
    return f"{kind.__name__}: {reason}" if kind.__module__.startswith("hotline_") else kind.__name__
