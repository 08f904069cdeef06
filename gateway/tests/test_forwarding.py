"""A service in another process: what reaches it, what comes back, and what is said when it is away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway import forwarding
from gateway.forwarding import RemoteService
from gateway.main import Gateway
from gateway.production import build_remote
from hotline_chassis.clocks import RealTime
from hotline_chassis.processes.ports import serving
from hotline_chassis.web.edge import Edge

LOOPBACK = "127.0.0.1"
PATH = "/api/v1/requests"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def gateway_before(service: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway whose intake is this application, on a real port."""
    port = free_port()
    async with serving(service, LOOPBACK, port), _client_of(port) as client:
        yield client


@asynccontextmanager
async def _client_of(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with RemoteService("intake", f"http://{LOOPBACK}:{port}") as remote:
        app = Gateway({"intake": Edge(remote, RealTime())}, JSONResponse({}))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hotline.example.org") as client:
            yield client


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what arrived."""
    request = Request(scope, receive)
    seen = {
        "method": scope["method"],
        "raw_path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        "body": (await request.body()).decode(),
    }
    await JSONResponse(seen, 201, {"ETag": '"3"', "Keep-Alive": "x", "Set-Cookie": "a=b"})(
        scope, receive, send
    )


def slug(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:hotline:problem:")


async def test_a_request_and_its_answer_go_through_unchanged() -> None:
    async with gateway_before(echo) as client:
        answer = await client.post(
            f"{PATH}/a%2Fb/../c?x=%2B&x=",
            content=b'{"a": 1}',
            headers={"Idempotency-Key": "k", "If-Match": '"2"'},
        )
    seen = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, '"3"')
    assert (seen["method"], seen["body"], seen["query"]) == ("POST", '{"a": 1}', "x=%2B&x=")
    assert (seen["headers"]["idempotency-key"], seen["headers"]["if-match"]) == ("k", '"2"')


async def test_a_path_reaches_the_service_as_it_was_spelt() -> None:
    """Tidied up, it could name another object than the one the gateway looked at."""
    seen: list[bytes] = []

    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["raw_path"] + b"?" + scope["query_string"])
        await Response()(scope, receive, send)

    async def ignore(_: Any) -> None: ...

    port = free_port()
    spelt = f"{PATH}/a%2Fb/./../%41//c".encode()
    async with (
        serving(service, LOOPBACK, port),
        RemoteService("intake", f"http://{LOOPBACK}:{port}") as remote,
    ):
        await remote({**scope_of("GET"), "raw_path": spelt, "query_string": b"x=%2b&&y"}, no_body, ignore)
    assert seen == [spelt + b"?x=%2b&&y"]


async def test_what_concerns_one_connection_only_stays_on_it() -> None:
    sent = {
        "Connection": "x-mine",
        "X-Mine": "1",
        "TE": "trailers",
        "Proxy-Authorization": "x",
        "X-Other": "2",
    }
    async with gateway_before(echo) as client:
        answer = await client.post(PATH, headers=sent, content=b"{}")
    seen = answer.json()["headers"]
    assert not seen.keys() & {"connection", "x-mine", "te", "proxy-authorization"}
    assert seen["x-other"] == "2"
    assert "keep-alive" not in answer.headers


async def test_the_service_learns_who_called_and_continues_the_trace() -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = {"X-Forwarded-For": "203.0.113.9", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    async with gateway_before(echo) as client:
        seen = (await client.get(PATH, headers=sent)).json()["headers"]
    assert seen["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert (seen["x-forwarded-host"], seen["x-forwarded-proto"]) == ("hotline.example.org", "http")
    assert seen["traceparent"].startswith(f"00-{trace}-")
    assert "b7ad6b7169203331" not in seen["traceparent"], "a span of its own"


async def test_one_callers_cookie_is_never_sent_for_another() -> None:
    async with gateway_before(echo) as client:
        await client.get(PATH)
        client.cookies.clear()
        assert "cookie" not in (await client.get(PATH)).json()["headers"]


async def test_a_redirect_is_the_callers_business() -> None:
    async with gateway_before(Response(status_code=307, headers={"Location": "/elsewhere"})) as client:
        assert (await client.get(PATH)).status_code == 307


async def test_a_body_over_the_limit_does_not_reach_the_service() -> None:
    reached: list[str] = []

    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await echo(scope, receive, send)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(257):
            yield b" " * 1024

    async with gateway_before(service) as client:
        for content in (b" " * (256 * 1024 + 1), chunks()):
            assert slug(await client.post(PATH, content=content)) == (413, "body-too-large")
        assert (await client.post(PATH, content=b" " * 256 * 1024)).status_code == 201
    assert len(reached) == 1


async def test_a_service_that_is_away_is_unavailable() -> None:
    async with _client_of(free_port()) as client:
        answer = await client.post(PATH, content=b"{}")
    assert slug(answer) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"


@asynccontextmanager
async def breaking_off(times: int) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port that reads a request and closes without an answer the first ``times``, and then answers 204."""
    seen: list[bytes] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n")).strip())
        await reader.readuntil(b"\r\n\r\n")
        if len(seen) > times:
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(converse, LOOPBACK, 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


async def test_a_write_whose_answer_was_lost_is_not_sent_again_and_its_outcome_is_called_unknown() -> None:
    async with breaking_off(1) as (port, seen), _client_of(port) as client:
        answer = await client.post(PATH)
    assert slug(answer) == (502, "bad-gateway")
    assert "同一幂等键" in answer.json()["detail"]
    assert len(seen) == 1


async def test_a_reading_whose_connection_broke_off_is_tried_once_more() -> None:
    async with breaking_off(1) as (port, seen), _client_of(port) as client:
        assert (await client.get(PATH)).status_code == 204
    assert len(seen) == 2
    async with breaking_off(9) as (port, seen), _client_of(port) as client:
        assert slug(await client.get(PATH)) == (502, "bad-gateway")
    assert len(seen) == 2


async def test_a_service_that_does_not_answer_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()

    async def silent(_: Scope, __: Receive, ___: Send) -> None:
        await never.wait()

    monkeypatch.setitem(forwarding._TIMEOUT, "read", 0.2)
    async with gateway_before(silent) as client:
        assert slug(await client.post(PATH, content=b"{}")) == (504, "gateway-timeout")
        never.set()


async def test_an_answer_streams_before_it_is_complete() -> None:
    first_arrived = asyncio.Event()

    async def service(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.wait_for(first_arrived.wait(), 10)
        await send({"type": "http.response.body", "body": b"second", "more_body": False})

    port = free_port()
    chunks: list[bytes] = []

    async def send(message: Any) -> None:
        if message.get("body"):
            chunks.append(message["body"])
            first_arrived.set()

    async with (
        serving(service, LOOPBACK, port),
        RemoteService("intake", f"http://{LOOPBACK}:{port}") as remote,
    ):
        await remote(scope_of("GET"), no_body, send)
    assert chunks == [b"first", b"second"]


async def test_an_answer_that_breaks_off_is_never_completed() -> None:
    async def converse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        writer.close()
        await writer.wait_closed()

    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async with await asyncio.start_server(converse, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with RemoteService("intake", f"http://{LOOPBACK}:{port}") as remote:
            with pytest.raises(httpx.RemoteProtocolError):
                await remote(scope_of("GET"), no_body, send)
    assert all(message.get("more_body", True) for message in messages)


def scope_of(method: str) -> Scope:
    return {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [],
    }


async def no_body() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def service_with(ready: bool, paths: Callable[[], dict[str, Any]]) -> ASGIApp:
    """A service's /readyz and /openapi.json."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/openapi.json":
            answer: Response = JSONResponse({"openapi": "3.1.0", "paths": paths()})
        else:
            answer = JSONResponse({"ready": ready}, 200 if ready else 503)
        await answer(scope, receive, send)

    return app


@asynccontextmanager
async def remote_gateway(ports: Sequence[int]) -> AsyncIterator[httpx.AsyncClient]:
    """The gateway of production before an intake and an sla at these ports."""
    async with AsyncExitStack() as stack:
        remotes = {
            name: await stack.enter_async_context(RemoteService(name, f"http://{LOOPBACK}:{port}"))
            for name, port in zip(("intake", "sla"), ports, strict=False)
        }
        transport = httpx.ASGITransport(build_remote(remotes, RealTime()))
        async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
            yield client


async def test_the_gateway_is_ready_while_any_service_is_and_joins_their_documents() -> None:
    ports = [free_port(), free_port()]
    async with (
        serving(service_with(ready=True, paths=lambda: {"/a": {}}), LOOPBACK, ports[0]),
        serving(service_with(ready=False, paths=lambda: {"/b": {}}), LOOPBACK, ports[1]),
        remote_gateway(ports) as client,
    ):
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["services"]) == (200, {"intake": True, "sla": False})
        assert (await client.get("/openapi.json")).json()["paths"].keys() == {"/a", "/b"}
        assert (await client.get("/dev/clock")).status_code == 404
        assert (await client.get("/livez")).status_code == 200


async def test_there_is_no_document_while_a_part_of_it_is_missing() -> None:
    ports = [free_port(), free_port()]
    async with (
        serving(service_with(ready=True, paths=lambda: {"/a": {}}), LOOPBACK, ports[0]),
        remote_gateway(ports) as client,
    ):
        assert slug(await client.get("/openapi.json")) == (503, "unavailable")


async def test_the_gateway_is_not_ready_when_no_service_is() -> None:
    async with remote_gateway([free_port()]) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "services": {"intake": False}})
