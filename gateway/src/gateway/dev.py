"""Dev mode only: tokens for the asking, the virtual clock, and settling. Not mounted in production."""

from datetime import UTC, datetime
from typing import Annotated, Protocol

from pydantic import AfterValidator, Field

from hotline_chassis.web.fields import In, Instant, Out, unfit
from hotline_chassis.web.routes import PUBLIC, WorkRouter
from hotline_contracts.values import Role

FIRST = datetime(2004, 1, 1, tzinfo=UTC)
LAST = datetime(2050, 1, 1, tzinfo=UTC)
"""Calendars are known from 2004 on; far beyond the last published year nothing can be promised."""


class DevSystem(Protocol):
    """What dev mode may do to the whole system."""

    def token(self, roles: list[str], *, unit: str | None, channel: str | None, sub: str | None) -> str: ...

    def clock(self) -> tuple[datetime, bool]:
        """The business clock's instant, and whether it is virtual."""
        ...

    async def set_clock(self, now: datetime) -> None: ...

    async def advance_clock(self, seconds: float) -> None: ...

    async def settle(self) -> None:
        """Return when outboxes, bus and consumers are idle.

        Raises:
            Unavailable: not within 10 seconds.
        """
        ...


def _within_calendars(instant: datetime) -> datetime:
    if not FIRST <= instant < LAST:
        raise unfit("时钟应在 2004 年至 2049 年之间。")
    return instant


ClockInstant = Annotated[Instant, AfterValidator(_within_calendars)]


class TokenIn(In):
    roles: Annotated[list[Role], Field(min_length=1, max_length=14)]
    unit: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z-]{1,31}$")] | None = None
    channel: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-z]+$")] | None = None
    sub: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")] | None = None


class TokenOut(Out):
    token: str


class ClockIn(In):
    now: ClockInstant


class AdvanceIn(In):
    seconds: Annotated[float, Field(ge=0, le=1_000_000_000)]


class ClockOut(Out):
    now: Instant
    virtual: bool


class SettledOut(Out):
    settled: bool


def dev_router(system: DevSystem) -> WorkRouter:
    """Routes under ``/dev``, without tokens."""
    router = WorkRouter(prefix="/dev", tags=["dev"])

    def clock() -> ClockOut:
        now, virtual = system.clock()
        return ClockOut(now=now, virtual=virtual)

    @router.post("/token", roles=PUBLIC)
    async def token(body: TokenIn) -> TokenOut:
        return TokenOut(
            token=system.token(list(body.roles), unit=body.unit, channel=body.channel, sub=body.sub)
        )

    @router.get("/clock", roles=PUBLIC)
    async def read_clock() -> ClockOut:
        return clock()

    @router.put("/clock", roles=PUBLIC, refuses=("clock-only-forward", "system-clock"))
    async def set_clock(body: ClockIn) -> ClockOut:
        await system.set_clock(body.now)
        return clock()

    @router.post("/clock/advance", roles=PUBLIC, refuses=("system-clock",))
    async def advance_clock(body: AdvanceIn) -> ClockOut:
        await system.advance_clock(body.seconds)
        return clock()

    @router.post("/settle", roles=PUBLIC, refuses=("unavailable",))
    async def settle() -> SettledOut:
        await system.settle()
        return SettledOut(settled=True)

    return router
