"""Patience for what a fact still on its way to this service will settle: ids minted a moment ago, passing refusals."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from hotline_chassis.clocks import SystemClock
from hotline_contracts.problems import NotFound, Refusal

YOUNG = timedelta(seconds=10)
PATIENCE = 2.0
"""Seconds of real time that a young id is waited for; at the very end it is looked for once more."""
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05
_TIME_ORDERED = 7

Answer = TypeVar("Answer")


def is_young(value: object, now: datetime) -> bool:
    """Whether ``value`` is a UUIDv7 minted within ``YOUNG`` of the business clock's ``now``, either side."""
    try:
        minted = UUID(str(value))
    except ValueError:
        return False
    if minted.version != _TIME_ORDERED:
        return False
    age = now.timestamp() - (minted.int >> 80) / 1000
    return abs(age) <= YOUNG.total_seconds()


async def wait_for_young(
    attempt: Callable[[], Awaitable[Answer]],
    ids: Iterable[object],
    *,
    now: Callable[[], datetime],
    system_clock: SystemClock,
) -> Answer:
    """Run ``attempt``; while it finds nothing and one of ``ids`` is young, or its refusal passes, run it again.

    Each attempt is complete in itself (its own transaction). An id that is not young fails at once.

    Raises:
        NotFound: there is no young id, or it was still not here after ``PATIENCE``.
        Refusal: it does not pass, or did not within ``PATIENCE``.
    """
    try:
        return await attempt()
    except Refusal as refused:
        instant = now()
        young = any(is_young(value, instant) for value in ids)
        if not _may_pass(refused, young=young):
            raise
    until = system_clock.monotonic() + PATIENCE
    pause = FIRST_PAUSE
    while True:
        last = system_clock.monotonic() + pause >= until
        await asyncio.sleep(pause)
        try:
            return await attempt()
        except Refusal as refused:
            if last or not _may_pass(refused, young=young):
                raise
        pause = min(pause * 2, LONGEST_PAUSE)


def _may_pass(refused: Refusal, *, young: bool) -> bool:
    return refused.passing or (young and isinstance(refused, NotFound))
