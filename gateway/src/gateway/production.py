"""The gateway as a process of its own: services behind their addresses, one document, their readiness."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.forwarding import RemoteService, ServiceAway
from gateway.main import Gateway, assemble, joined_document
from hotline_chassis.clocks import SystemClock
from hotline_chassis.memory import settle_memory
from hotline_chassis.processes.front import LINGER_SECONDS, Front
from hotline_chassis.processes.health import Health, probe_answer
from hotline_chassis.processes.lifetime import Lifetime
from hotline_chassis.processes.ports import serving
from hotline_chassis.processes.settings import GatewaySettings
from hotline_chassis.web.edge import Edge
from hotline_contracts.problems import Unavailable

DOCUMENT_SECONDS = 60.0
"""How long a joined document is shown before the services are asked again: they are deployed one by one."""
ASK_AGAIN_SECONDS = 2.0
PROBE_SECONDS = 2.0
READINESS_SECONDS = 1.0
"""How long an answer of /readyz serves all who ask."""


class JoinedDocument:
    """The services' documents, joined; the last good one while a service is away."""

    def __init__(self, services: Mapping[str, RemoteService], system_clock: SystemClock) -> None:
        self._services = services
        self._clock = system_clock
        self._turn = asyncio.Lock()
        self._known: dict[str, Any] | None = None
        self._ask_at = system_clock.monotonic()

    async def __call__(self) -> dict[str, Any]:
        """The document.

        Raises:
            Unavailable: a service is away, and there is none from before.
        """
        async with self._turn:
            if self._clock.monotonic() >= self._ask_at:
                document = await self._join()
                self._known = document or self._known
                pause = DOCUMENT_SECONDS if document else ASK_AGAIN_SECONDS
                self._ask_at = self._clock.monotonic() + pause
            if self._known is None:
                raise Unavailable("有服务暂不可用，接口文档不完整，请稍后再试。")
            return self._known

    async def _join(self) -> dict[str, Any] | None:
        try:
            answers = await asyncio.gather(*(s.get("/openapi.json") for s in self._services.values()))
        except ServiceAway:
            return None
        if any(answer.status_code != 200 for answer in answers):  # noqa: PLR2004
            return None
        return joined_document(
            {name: answer.json() for name, answer in zip(self._services, answers, strict=True)}
        )


class Readiness:
    """Ready while any service is: one that is away must not take the others from the public."""

    def __init__(self, services: Mapping[str, RemoteService], system_clock: SystemClock) -> None:
        self._services = services
        self._clock = system_clock
        self._turn = asyncio.Lock()
        self._known: tuple[float, dict[str, bool]] | None = None

    async def answer(self, _: Request) -> Response:
        """``{"ready", "services": {name: ready}}``."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._known is None or now - self._known[0] >= READINESS_SECONDS:
                states = await asyncio.gather(*(_is_ready(s) for s in self._services.values()))
                self._known = now, dict(zip(self._services, states, strict=True))
            services = self._known[1]
        ready = any(services.values())
        return probe_answer({"ready": ready, "services": services}, well=ready)


async def _is_ready(service: RemoteService) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return (await service.get("/readyz")).status_code == 200  # noqa: PLR2004
    except (ServiceAway, TimeoutError):
        return False


def build_remote(services: Mapping[str, RemoteService], system_clock: SystemClock) -> Gateway:
    """The gateway in front of services in other processes; without ``/dev``."""
    return assemble(
        {name: Edge(service, system_clock) for name, service in services.items()},
        JoinedDocument(services, system_clock),
        system_clock=system_clock,
        raw_routes=[Route("/readyz", Readiness(services, system_clock).answer, methods=["GET"])],
    )


async def serve(settings: GatewaySettings, lifetime: Lifetime) -> None:
    """Answer until told to stop."""
    health = Health()
    front = Front(health)
    async with AsyncExitStack() as stack:
        services = {
            name: await stack.enter_async_context(RemoteService(name, address))
            for name, address in settings.services
        }
        front.open(build_remote(services, lifetime.system_clock))
        settle_memory()
        async with serving(front, settings.host, settings.port):
            await lifetime.stop.wait()
            health.draining = True
            await asyncio.sleep(LINGER_SECONDS)
