"""Passes a request on to a service's process and its answer back, as they are.

The request's body is taken in whole first (it has a limit): a slow caller then holds a connection of ours, not
one of the service. The answer streams. A write is never sent twice: only a connection that could not be opened is
tried again, and a reading whose connection broke off before an answer.
"""

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx
import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from hotline_chassis.tracing import current_trace
from hotline_chassis.web.problems import problem, refusal_answer
from hotline_chassis.web.strict_body import MAX_BODY, read_body
from hotline_contracts.problems import BodyTooLarge

_log = structlog.get_logger(__name__)

Headers = list[tuple[bytes, bytes]]

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 30.0
KEEP_SECONDS = 30.0
"""Shorter than services keep an idle connection (``processes.ports``)."""
CONNECTIONS = 100
_TIMEOUT = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS).as_dict()
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS = frozenset({b"host", b"content-length", b"expect", b"traceparent", b"x-forwarded-for"})
"""Headers of a request that are written anew."""
_READING = frozenset({"GET", "HEAD"})


class ServiceAway(Exception):
    """No answer of the service: says whether the request may have reached it."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(slug)
        self.slug = slug
        self.detail = detail


class RemoteService:
    """One service behind its base address: an ASGI application that forwards, with a pool of connections.

    Args:
        name: for the log.
        base_address: ``http://host:port``.
    """

    def __init__(self, name: str, base_address: str) -> None:
        self.name = name
        self._base = httpx.URL(base_address)
        # The transport itself: a client would keep cookies, follow redirects and read proxy settings.
        self._transport = httpx.AsyncHTTPTransport(
            retries=1,
            limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEEP_SECONDS),
        )

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one HTTP request."""
        scope["route"] = _Destination(self.name)
        try:
            body = await read_body(Request(scope, receive), MAX_BODY)
            answer = await self._exchange(scope["method"], _target(scope), _request_headers(scope), body)
        except BodyTooLarge as refused:
            await refusal_answer(refused)(scope, receive, send)
            return
        except ServiceAway as away:
            trace = current_trace()
            extra = {"trace_id": trace.trace_id if trace else None}
            headers = {"Retry-After": "1"} if away.slug == "unavailable" else None
            await problem(away.slug, away.detail, extra=extra, headers=headers)(scope, receive, send)
            return
        await _stream(answer, send)

    async def get(self, path: str) -> httpx.Response:
        """A whole answer to a question of our own.

        Raises:
            ServiceAway: there is none.
        """
        answer = await self._exchange("GET", path.encode(), [], b"")
        try:
            await answer.aread()
        except httpx.TransportError as error:
            raise self._away(error, "GET") from error
        finally:
            await answer.aclose()
        return answer

    async def _exchange(self, method: str, target: bytes, headers: Headers, body: bytes) -> httpx.Response:
        try:
            return await self._send(method, target, headers, body)
        except (httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError) as error:
            if method not in _READING:
                raise self._away(error, method) from error
        except httpx.TransportError as error:
            raise self._away(error, method) from error
        try:
            return await self._send(method, target, headers, body)
        except httpx.TransportError as error:
            raise self._away(error, method) from error

    async def _send(self, method: str, target: bytes, headers: Headers, body: bytes) -> httpx.Response:
        # "target" keeps the path as it came; an httpx.URL would tidy it up.
        extensions = {"target": target, "timeout": _TIMEOUT}
        request = httpx.Request(
            method, self._base, headers=headers, content=body or None, extensions=extensions
        )
        return await self._transport.handle_async_request(request)

    def _away(self, error: httpx.TransportError, method: str) -> ServiceAway:
        _log.warning("service away", destination=self.name, error=type(error).__name__)
        what_now = "请稍后再试。" if method in _READING else "操作是否生效未知；请用同一幂等键重试。"
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return ServiceAway("unavailable", "服务暂不可用，请稍后再试。")
        if isinstance(error, httpx.LocalProtocolError):
            return ServiceAway("malformed-body", "请求有误，无法解析。")
        if isinstance(error, httpx.TimeoutException):
            return ServiceAway("gateway-timeout", f"服务未在 {ANSWER_SECONDS:.0f} 秒内应答。{what_now}")
        return ServiceAway("bad-gateway", f"与服务的连接中断。{what_now}")


class _Destination:
    """What the access log names instead of a path."""

    def __init__(self, service: str) -> None:
        self.path_format = f"→ {service}"


def _target(scope: Scope) -> bytes:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _request_headers(scope: Scope) -> Headers:
    received: Headers = scope["headers"]
    headers = [pair for pair in _end_to_end(received) if pair[0] not in _OURS]
    trace = current_trace()
    if trace is not None:
        headers.append((b"traceparent", trace.traceparent.encode()))
    came_from = [value for name, value in received if name == b"x-forwarded-for"]
    if scope.get("client"):
        came_from.append(scope["client"][0].encode())
    if came_from:
        headers.append((b"x-forwarded-for", b", ".join(came_from)))
    said = {name for name, _ in received}
    if b"x-forwarded-proto" not in said:
        headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    if b"x-forwarded-host" not in said:
        headers += [(b"x-forwarded-host", value) for name, value in received if name == b"host"]
    return headers


def _end_to_end(headers: Sequence[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """Without what concerns one connection only, by name or by ``Connection``."""
    named = {
        word.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for word in value.split(b",")
    }
    dropped = _HOP_BY_HOP | named
    return (pair for pair in headers if pair[0].lower() not in dropped)


async def _stream(answer: httpx.Response, send: Send) -> None:
    """Send the answer on; one that breaks off leaves the caller's connection broken too, never complete."""
    stream: Any = answer.stream
    try:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status_code,
                "headers": [pair for pair in _end_to_end(answer.headers.raw) if pair[0].lower() != b"date"],
            }
        )
        async for chunk in stream:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await answer.aclose()
