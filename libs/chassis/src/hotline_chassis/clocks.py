"""The only place that reads a clock. Two ports: business time for facts, system time for machinery.

The business clock stamps facts, deadlines and cards and may be virtual in dev mode. The system clock
serves tokens, signatures, leases, retries and timeouts, and is always real.
"""

import time
from datetime import UTC, datetime
from typing import Protocol


class BusinessClock(Protocol):
    """Instants of facts."""

    @property
    def virtual(self) -> bool: ...

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock(Protocol):
    """Real time of this machine."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class RealTime:
    """The machine's own time; serves both ports (as a business clock it is not virtual)."""

    virtual = False

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        return time.monotonic()


class VirtualTime:
    """A business clock that stands still until it is set."""

    virtual = True

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)

    def now(self) -> datetime:
        return self._now

    def set(self, instant: datetime) -> None:
        """Move to ``instant`` (aware), forward or back; who may move it is decided elsewhere."""
        self._now = _utc(instant)


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a clock's instant must be timezone-aware")
    return instant.astimezone(UTC)
