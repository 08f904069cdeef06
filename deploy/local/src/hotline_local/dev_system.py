"""Dev mode's hands on the machine: tokens, the virtual clock, settling."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from gateway.dev import LAST
from hotline_chassis.bus.port import BusUnavailable
from hotline_contracts.problems import Unavailable
from hotline_local.clock_driver import ClockDriver
from hotline_local.machine import Machine

SETTLE_SECONDS = 10.0


class LocalDevSystem:
    """Implements ``gateway.dev.DevSystem`` on one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._driver = ClockDriver(machine)

    def token(self, roles: list[str], *, unit: str | None, channel: str | None, sub: str | None) -> str:
        return self._machine.issuer.issue(roles, unit=unit, channel=channel, sub=sub)

    def clock(self) -> tuple[datetime, bool]:
        return self._machine.clock.now(), self._machine.clock.virtual

    async def set_clock(self, now: datetime) -> None:
        with _outages_told():
            await self._driver.move_to(now)

    async def advance_clock(self, seconds: float) -> None:
        with _outages_told():
            await self._driver.move_by(timedelta(seconds=seconds), latest=LAST)

    async def settle(self) -> None:
        try:
            with _outages_told():
                async with asyncio.timeout(SETTLE_SECONDS):
                    await self._machine.drain()
        except TimeoutError:
            raise Unavailable("系统在 10 秒内未能处理完所有事件。") from None


@contextmanager
def _outages_told() -> Iterator[None]:
    """A broker that is away is no mistake of ours; what was begun goes on with the next call."""
    try:
        yield
    except BusUnavailable:
        raise Unavailable("事件总线没有回答，请稍后再试。") from None
