"""Moves the one virtual clock of the whole system, stopping at every instant at which something is due."""

from datetime import datetime, timedelta

from hotline_chassis.clocks import VirtualTime
from hotline_chassis.crashpoints import reach
from hotline_chassis.tables import FIRST_FLOOR
from hotline_contracts.problems import ClockOnlyForward, InvalidInput, UsesSystemClock
from hotline_local.machine import Machine


class ClockStuck(Exception):
    """A service named an instant as due but did nothing at it: going on would skip a deadline."""


class ClockDriver:
    """Forward in steps: settle, go to the next due instant, fire, settle, until the target.

    One jump and many small steps stop at the same instants, so they give the same facts.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def move_to(self, target: datetime, *, thorough: bool = True) -> datetime:
        """Move to ``target`` (aware), backwards only while no request exists; returns the new instant.

        Raises:
            UsesSystemClock: there is no virtual clock.
            ClockOnlyForward: ``target`` lies before now, and requests exist.
            ClockStuck: a timer does not act at its own instant.
        """
        clock = self._virtual()
        async with self._machine.clock_turn:
            if target < clock.now():
                await self._machine.drain(thorough=thorough)
                await self._move_back(clock, target)
            else:
                await self._move_on(clock, target, thorough=thorough)
        return clock.now()

    async def move_by(self, span: timedelta, *, latest: datetime) -> datetime:
        """Move forward by ``span`` from wherever the clock is when its turn comes.

        Raises:
            UsesSystemClock: there is no virtual clock.
            InvalidInput: that would reach ``latest``.
        """
        clock = self._virtual()
        async with self._machine.clock_turn:
            target = clock.now() + span
            if target >= latest:
                raise InvalidInput.at("body", "/seconds", "时钟应在 2004 年至 2049 年之间。")
            await self._move_on(clock, target, thorough=True)
        return clock.now()

    async def _move_on(self, clock: VirtualTime, target: datetime, *, thorough: bool) -> None:
        """Step until nothing is due up to ``target``, also of what others write meanwhile."""
        await self._machine.drain(thorough=thorough)
        while True:
            await self._step_up_to(clock, target)
            await self._set(clock, target)
            await self._machine.drain(thorough=thorough)
            due = await self._machine.next_due_at()
            if due is None or due > target:
                return

    def run_on_to(self, target: datetime) -> None:
        """Let time run on without waiting for anybody, as a real clock does; ``catch_up`` follows.

        Cards carry the instants of the rules all the same; only ``issued_at`` tells of the delay.
        """
        clock = self._virtual()
        if target < clock.now():
            raise ClockOnlyForward("时钟只能向前。", now=clock.now().isoformat())
        clock.set(target)

    async def catch_up(self) -> None:
        """Settle, and do everything that has come due up to the present instant."""
        clock = self._virtual()
        async with self._machine.clock_turn:
            await self._machine.instance.set_virtual_now(clock.now())
            await self._machine.drain()
            await self._step_up_to(clock, clock.now())

    def _virtual(self) -> VirtualTime:
        if not isinstance(self._machine.clock, VirtualTime):
            raise UsesSystemClock("系统使用真实时钟，不能调整。")
        return self._machine.clock

    async def _step_up_to(self, clock: VirtualTime, target: datetime) -> None:
        stuck_at: datetime | None = None
        while (due := await self._machine.next_due_at()) is not None and due <= target:
            if due > clock.now():
                await self._set(clock, due)
            if not await self._machine.fire():
                if stuck_at == due:
                    raise ClockStuck(f"nothing was done about what is due at {due.isoformat()}")
                stuck_at = due

    async def _set(self, clock: VirtualTime, instant: datetime) -> None:
        if instant == clock.now():
            return
        # Remembered first: a fact must never carry an instant that the clock forgets in a crash.
        await self._machine.instance.set_virtual_now(instant)
        clock.set(instant)
        reach("clock.after-set")

    async def _move_back(self, clock: VirtualTime, target: datetime) -> None:
        """Only while no request exists: then no fact stands on the present instant."""
        machine = self._machine
        async with machine.services["intake"].database.reading() as connection:
            if await connection.fetchval("SELECT EXISTS (SELECT FROM requests)"):
                raise ClockOnlyForward("已有诉求登记，时钟只能向前。", now=clock.now().isoformat())
        for service in machine.services.values():
            async with service.database.reading() as connection:
                await connection.execute(f"UPDATE stamp_floor SET complete_before = '{FIRST_FLOOR}'")
        await machine.bus.forget_watermarks()
        await self._set(clock, target)
