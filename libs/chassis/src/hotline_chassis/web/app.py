"""A service's HTTP application, put together the same way everywhere."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hotline_chassis.clocks import SystemClock
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database
from hotline_chassis.web import openapi
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.edge import Edge
from hotline_chassis.web.problems import install_problem_handlers
from hotline_chassis.web.routes import WorkRouter
from hotline_chassis.web.work import Equipment
from hotline_contracts.problems import Unavailable

# The framework's own telemetry would log what validation refused and what exceptions say: personal data. Where
# a provider is set by the process, nothing is sent either; without one it only cost a look-up per request.
WITHOUT_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class ServiceApp(FastAPI):
    """FastAPI whose document is complete: problems, tokens, keys."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once."""
        if not self.openapi_schema:
            self.openapi_schema = openapi.complete(super().openapi())
        return self.openapi_schema


def create_service_app(
    title: str,
    routers: Sequence[WorkRouter],
    *,
    database: Database | None,
    verifier: Verifier,
    system_clock: SystemClock,
    master_keys: MasterKeys | None = None,
    ready: Callable[[], Awaitable[bool]] | None = None,
    raw_routes: Sequence[BaseRoute] = (),
    access_log: bool = True,
) -> ServiceApp:
    """An app with these routes, health, problems, an access log and nothing else (no docs pages, no CORS).

    Args:
        title: of the OpenAPI document.
        routers: the service's routes.
        database: where Writing and Reading come from; None for an app that has none.
        verifier: of bearer tokens.
        system_clock: for waiting, measuring and stored answers.
        master_keys: seal the stored answers; None for an app without a database.
        ready: a further condition of /readyz; the database is asked in any case.
        raw_routes: hot paths outside the framework, matched first; they check and commit by themselves
            (``authenticate``, ``read_body``, ``parse_body``; what they raise becomes a problem as well).
        access_log: write a line for each request.
    """
    health = [
        Route("/livez", _live, methods=["GET"], include_in_schema=False),
        Route("/readyz", _readiness(database, ready), methods=["GET"], include_in_schema=False),
    ]
    app = ServiceApp(
        title=title,
        routes=[*raw_routes, *(route for router in routers for route in router.routes), *health],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=WITHOUT_TELEMETRY,
    )
    app.state.equipment = Equipment(database, verifier, system_clock, master_keys)
    install_problem_handlers(app)
    app.add_middleware(Edge, system_clock=system_clock, access_log=access_log)
    return app


async def _live(_: Request) -> Response:
    return JSONResponse({"live": True})


def _readiness(
    database: Database | None, ready: Callable[[], Awaitable[bool]] | None
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        if database is not None:
            async with database.reading() as connection:
                await connection.fetchval("SELECT 1")
        if ready is not None and not await ready():
            raise Unavailable("服务尚未就绪。")
        return JSONResponse({"ready": True})

    return answer
