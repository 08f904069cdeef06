"""The outermost layer of every app: a trace, one line in the access log, and a 5xx for what nobody foresaw."""

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotline_chassis.clocks import SystemClock
from hotline_chassis.tracing import enter_trace
from hotline_chassis.web.problems import unforeseen_answer

_log = structlog.get_logger("hotline.access")
_QUIET = frozenset({"/livez", "/readyz"})


class Edge:
    """Pure ASGI. The log names the route's template, never the path, the query or a body.

    Args:
        app: what it guards.
        system_clock: measures how long an answer took.
        access_log: write a line for each request.
    """

    def __init__(self, app: ASGIApp, system_clock: SystemClock, *, access_log: bool = True) -> None:
        self._app = app
        self._clock = system_clock
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        enter_trace(next((value for name, value in scope["headers"] if name == b"traceparent"), None))
        began = self._clock.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            _log.info("client went away", route=_template(scope))
        except Exception as error:  # noqa: BLE001 - the last line: everything becomes an answer and a log line
            answer = unforeseen_answer(error)
            if not status:
                await answer(scope, receive, watched)
        if self._access_log and scope["path"] not in _QUIET:
            took = round((self._clock.monotonic() - began) * 1000, 2)
            _log.info("request", method=scope["method"], route=_template(scope), status=status, ms=took)


def _template(scope: Scope) -> str:
    """The matched route's path with its placeholders: a path itself may hold a secret or a name."""
    return getattr(scope.get("route"), "path_format", "unmatched")
