"""What /livez and /readyz answer: alive is "the work goes round", ready is "its neighbours are there"."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hotline_chassis.bus.port import Bus, BusUnavailable
from hotline_chassis.clocks import SystemClock
from hotline_chassis.consumer import Consumer
from hotline_chassis.processes.lifetime import Lifetime

LOOK_SECONDS = 5.0
STANDSTILL_SECONDS = 60.0
"""Longer than any statement or send may take: whatever stands still for so long hangs, and a restart helps."""


class Watch:
    """Whether a count still goes up; asked at each probe.

    Args:
        progress: grows as long as the work goes round.
    """

    def __init__(
        self, progress: Callable[[], int], system_clock: SystemClock, *, limit: float = STANDSTILL_SECONDS
    ) -> None:
        self._progress = progress
        self._clock = system_clock
        self._limit = limit
        self._seen = progress()
        self._since = system_clock.monotonic()

    def goes_on(self) -> bool:
        """False once it has stood still for the limit."""
        now, progress = self._clock.monotonic(), self._progress()
        if progress != self._seen:
            self._seen, self._since = progress, now
        return now - self._since < self._limit


class Backlog:
    """Looks whether a consumer that has records to read reads them: a reader may be stuck and not know it.

    Attributes:
        seen_well: goes up with each look that found it moving, idle, or waiting for an outage to end.
    """

    def __init__(self, consumer: Consumer, bus: Bus) -> None:
        self.seen_well = 0
        self._consumer = consumer
        self._bus = bus
        self._moved = -1

    async def run(self, lifetime: Lifetime) -> None:
        """Look every few seconds until told to stop."""
        while not lifetime.stop.is_set():
            await self.look()
            await lifetime.pause(LOOK_SECONDS)

    async def look(self) -> None:
        """Compare with the look before."""
        if not await self._stands():
            self.seen_well += 1

    async def _stands(self) -> bool:
        consumer = self._consumer
        moved, self._moved = self._moved, consumer.moved
        if moved != consumer.moved or consumer.trouble is not None:
            return False
        try:
            return consumer.is_behind_here(await self._bus.end_offsets(consumer.topics))
        except BusUnavailable:
            return False


class Health:
    """One process's health. Starting is alive but not ready, and so is draining.

    Attributes:
        watches: all must go on for the process to be alive.
        report: once set, says whether it is ready, with details for people.
        draining: told to end.
    """

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.report: Callable[[], Mapping[str, Any]] | None = None
        self.draining = False

    @property
    def live(self) -> bool:
        states = [watch.goes_on() for watch in self.watches]
        return all(states)

    def readiness(self) -> dict[str, Any]:
        """``ready`` and details."""
        if self.draining or self.report is None:
            return {"ready": False, "state": "draining" if self.draining else "starting"}
        return dict(self.report())

    def app(self) -> Starlette:
        """The two probes for a role that serves nothing else."""
        return Starlette(
            routes=[
                Route("/livez", self._livez, methods=["GET"]),
                Route("/readyz", self._readyz, methods=["GET"]),
            ]
        )

    async def _livez(self, _: Request) -> Response:
        return probe_answer({"live": self.live}, well=self.live)

    async def _readyz(self, _: Request) -> Response:
        answer = self.readiness()
        return probe_answer(answer, well=bool(answer["ready"]))


def probe_answer(body: Mapping[str, Any], *, well: bool) -> Response:
    """200, or 503."""
    return JSONResponse(dict(body), 200 if well else 503, headers={"Cache-Control": "no-store"})
