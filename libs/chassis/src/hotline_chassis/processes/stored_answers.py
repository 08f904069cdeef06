"""Answers kept for idempotency keys go after seven days."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import structlog

from hotline_chassis.clocks import SystemClock
from hotline_chassis.database import TROUBLE, Database
from hotline_chassis.web.idempotency import purge_idempotency

log = structlog.get_logger(__name__)

KEPT = timedelta(days=7)
PURGE_SECONDS = 3600.0
STANDBY_SECONDS = 60.0


async def forget_old_answers(
    database: Database, system_clock: SystemClock, stop: asyncio.Event, *, ours: Callable[[], bool]
) -> None:
    """Once an hour, until told to stop, by whoever ``ours`` says has the turn (the relay with the lock)."""
    while not stop.is_set():
        pause = STANDBY_SECONDS
        if ours():
            pause = PURGE_SECONDS
            try:
                await purge_idempotency(database, system_clock.now() - KEPT)
            except TROUBLE as trouble:
                log.warning("answers.not_forgotten", error=type(trouble).__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await stop.wait()
