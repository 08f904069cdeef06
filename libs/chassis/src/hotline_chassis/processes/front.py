"""Stands before a served application: the port is open from the first moment to the last."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotline_chassis.processes.health import Health, probe_answer
from hotline_chassis.web.problems import problem

LINGER_SECONDS = 2.0
"""From "not ready" to a closed port: whoever sends requests here must have heard of it."""


class Front:
    """Answers probes, and everything before the application is there (503). Passes the rest on.

    While draining, each answer asks the caller to close the connection: pools behind a gateway let go of us
    before the port closes.

    Args:
        health: says starting and draining.
        ready: further conditions of /readyz besides the application's own.
    """

    def __init__(self, health: Health, ready: Callable[[], bool] = lambda: True) -> None:
        self._health = health
        self._ready = ready
        self._app: ASGIApp | None = None

    def open(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if self._health.draining:
            send = _closing(send)
        await self._answerer(scope["path"])(scope, receive, send)

    def _answerer(self, path: str) -> ASGIApp:
        if path == "/livez":
            return probe_answer({"live": self._health.live}, well=self._health.live)
        if path == "/readyz" and (self._health.draining or self._app is None or not self._ready()):
            return probe_answer(self._health.readiness(), well=False)
        if self._app is None:
            return problem("unavailable", "服务正在启动，请稍后再试。", headers={"Retry-After": "1"})
        return self._app


def _closing(send: Send) -> Callable[[Message], Awaitable[Any]]:
    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await send(message)

    return closing
