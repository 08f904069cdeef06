"""How a service is put together, the same for one process and for many."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp

    from hotline_chassis.bus.port import Bus
    from hotline_chassis.clocks import BusinessClock, SystemClock
    from hotline_chassis.consumer import Consumer
    from hotline_chassis.crypto import MasterKeys
    from hotline_chassis.database import Database
    from hotline_chassis.web.auth import Verifier


@dataclass(frozen=True)
class Surroundings:
    """What the outside gives a service: where its database is, the bus, the clocks, the keys."""

    dsn: dict[str, Any]
    bus: "Bus"
    business_clock: "BusinessClock"
    system_clock: "SystemClock"
    verifier: "Verifier"
    master_keys: "MasterKeys"
    site: str


class Timer(Protocol):
    """Something that must happen at an instant of the business clock, without being asked.

    Attributes:
        turns: rounds of its own loop so far; one that stands still hangs.
    """

    turns: int

    @property
    def topics(self) -> frozenset[str]:
        """Topics whose watermarks ``tick`` waits for."""
        ...

    async def next_due_at(self) -> datetime | None:
        """The first instant at which ``tick`` has something to do; None when nothing is planned."""
        ...

    async def tick(self) -> int:
        """Do all that is due now, as far as the watermarks allow; returns how much was done."""
        ...


@dataclass(frozen=True)
class Service:
    """A running service's parts; who runs them (one process or many) is the caller's choice.

    Attributes:
        publishes: topics of which this service is the one writer; its relay sends these.
        seed: run once after migrations, idempotent.
        background: loops under a system clock (a timer's own), each ending when its event is set.
    """

    name: str
    app: "ASGIApp"
    database: "Database"
    publishes: tuple[str, ...]
    consumer: "Consumer | None" = None
    timer: Timer | None = None
    seed: Callable[[], Awaitable[None]] | None = None
    background: tuple[Callable[["asyncio.Event"], Coroutine[Any, Any, None]], ...] = field(default=())
