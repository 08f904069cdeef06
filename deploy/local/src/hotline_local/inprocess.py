"""Calls the gateway's application in this process: the same code as over a socket, without the socket."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.types import ASGIApp, Message


class Refused(Exception):
    """An answer that was not 2xx where one was needed."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


class GatewayClient:
    """A caller of the public interface.

    Args:
        app: the gateway.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Answer:
        """Send one request (``key``: its idempotency key) and wait for its whole answer."""
        content = b"" if body is None else orjson.dumps(body)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode(query or {}).encode(),
            "headers": [
                (b"host", b"hotline.local"),
                (b"authorization", f"Bearer {token}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
                *([(b"idempotency-key", key.encode())] if key is not None else []),
            ],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
        received: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            received.append(message)

        await self._app(scope, receive, send)
        return Answer(received[0]["status"], b"".join(part.get("body", b"") for part in received[1:]))

    async def get(self, path: str, *, token: str, query: dict[str, Any] | None = None) -> Any:
        """The JSON of a 2xx answer.

        Raises:
            Refused: with method, path, status and the problem.
        """
        return _expect(await self.call("GET", path, token=token, query=query), f"GET {path}")

    async def post(self, path: str, body: Any = None, *, token: str, key: str | None = None) -> Any:
        """The JSON of a 2xx answer; raises ``Refused`` like ``get``."""
        return _expect(await self.call("POST", path, token=token, body=body, key=key), f"POST {path}")

    async def put(self, path: str, body: Any, *, token: str) -> Any:
        """The JSON of a 2xx answer; raises ``Refused`` like ``get``."""
        return _expect(await self.call("PUT", path, token=token, body=body), f"PUT {path}")

    async def items(self, path: str, *, token: str, query: dict[str, Any] | None = None) -> list[Any]:
        """All items of a list, page after page."""
        found: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(
                path,
                token=token,
                query={**(query or {}), "limit": 200, **({"cursor": cursor} if cursor else {})},
            )
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found


def _expect(answer: Answer, what: str) -> Any:
    if not 200 <= answer.status < 300:  # noqa: PLR2004
        raise Refused(f"{what}: {answer.status} {answer.body.decode(errors='replace')}")
    return answer.json()
