"""The gateway's composition: services behind one address, their joined documents, dev mode if asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.dev import DevSystem, dev_router
from gateway.docs import documentation_routes
from gateway.openapi import joined
from gateway.routes import service_of
from hotline_chassis.clocks import SystemClock
from hotline_chassis.web.app import ServiceApp, create_service_app
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.routes import WorkRouter

TITLE = "12345 政务服务便民热线"
VERSION = "0.1.0"
TAGS = {
    "requests": "诉求：登记、待筛查、受理与不予受理",
    "tickets": "工单：派单、签收、办理、答复、审核、办结",
    "units": "承办单位与派单目录",
    "clocks": "时限：时钟、绿黄红牌、期限查询、日历与政策",
    "evaluation": "评价：回访、评价、记分与排名",
    "knowledge": "知识库：条目的编写、审核、发布与检索",
    "dev": "仅开发模式：令牌、虚拟时钟、等待处理完毕",
}
"""What a reader of the documentation finds under each heading."""


class Gateway:
    """Passes each request to the service that owns its path; everything else is the gateway's own."""

    def __init__(self, services: Mapping[str, ASGIApp], own: ASGIApp) -> None:
        self._services = dict(services)
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_of(scope["path"]) if scope["type"] == "http" else None
        app = self._own if service is None else self._services[service]
        await app(scope, receive, send)


def build(
    services: Mapping[str, ServiceApp],
    *,
    verifier: Verifier,
    system_clock: SystemClock,
    ready: Callable[[], Awaitable[bool]],
    dev: DevSystem | None = None,
    access_log: bool = True,
) -> Gateway:
    """Put the gateway in front of services in this process.

    Args:
        services: each service's application by name (``gateway.routes`` has the names).
        ready: whether all is up; the answer of ``/readyz``.
        dev: mounts ``/dev``; None in production, where those paths are 404.
        access_log: whether the gateway logs its own requests.
    """

    @cache
    def document() -> dict[str, Any]:
        return joined_document({name: app.openapi() for name, app in services.items()}, own.openapi())

    async def answer_document() -> dict[str, Any]:
        return document()

    own = _own_app(
        answer_document,
        [dev_router(dev)] if dev is not None else [],
        verifier=verifier,
        system_clock=system_clock,
        ready=ready,
        access_log=access_log,
    )
    return Gateway(services, own)


def assemble(
    services: Mapping[str, ASGIApp],
    document: Callable[[], Awaitable[dict[str, Any]]],
    *,
    system_clock: SystemClock,
    raw_routes: Sequence[BaseRoute],
) -> Gateway:
    """Put the gateway in front of anything that answers for the services.

    Args:
        services: by name (``gateway.routes`` has the names).
        document: the joined OpenAPI document.
        system_clock: measures how long answers take.
        raw_routes: of the gateway's own, matched first.
    """
    nobody = Verifier({"keys": []}, issuer="", system_clock=system_clock)
    own = _own_app(document, [], verifier=nobody, system_clock=system_clock, raw_routes=raw_routes)
    return Gateway(services, own)


def joined_document(
    documents: Mapping[str, dict[str, Any]], own: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The services' documents, and the gateway's own, as one."""
    whole = joined({**documents, **({"gateway": own} if own else {})}, title=TITLE, version=VERSION)
    return {**whole, "tags": [{"name": name, "description": text} for name, text in TAGS.items()]}


def _own_app(
    document: Callable[[], Awaitable[dict[str, Any]]],
    routers: Sequence[WorkRouter],
    *,
    verifier: Verifier,
    system_clock: SystemClock,
    ready: Callable[[], Awaitable[bool]] | None = None,
    raw_routes: Sequence[BaseRoute] = (),
    access_log: bool = True,
) -> ServiceApp:
    return create_service_app(
        TITLE,
        routers,
        database=None,
        verifier=verifier,
        system_clock=system_clock,
        ready=ready,
        raw_routes=[*raw_routes, *documentation_routes(document)],
        access_log=access_log,
    )
