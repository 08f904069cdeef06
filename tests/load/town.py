"""The production layout with a unit and people in it, and the little HTTP that loads it.

Connections are kept and spoken to by hand: a client library would cost this process more than the load itself, and
it shares its two cores with what is measured.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from tests.load.broker import Broker
from tests.load.production_layout import ProductionLayout, production_layout

UNIT = "520402"
AT_ONCE = 8
"""Calls at a time while something is prepared."""
Action = tuple[str, str, dict[str, Any] | None, str]
"""Method, path, body, role."""


class Refused(Exception):
    """An answer outside 2xx."""


@dataclass
class Town:
    """All processes of an installation, one unit, and a client of the gateway."""

    broker: Broker
    postgres: EmbeddedPostgres
    layout: ProductionLayout
    _tokens: dict[str, str] = field(default_factory=dict)
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: dict[str, Any] | None, role: str) -> Any:
        """One call through the gateway: the answer's body.

        Raises:
            Refused: it was not done.
        """
        reader, writer = await self._connected()
        writer.write(self._request(method, path, body, role))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        answer = await reader.readexactly(_length(head))
        self._idle.append((reader, writer))
        if head.split(b" ", 2)[1][:1] != b"2":
            raise Refused(f"{method} {path}: {head.splitlines()[0].decode()} {answer.decode()}")
        return orjson.loads(answer) if answer else None

    async def call_all(self, actions: Iterable[Action]) -> list[Any]:
        """Several at a time: their answers, in order."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(action: Action) -> Any:
            async with turns:
                return await self.call(*action)

        return await asyncio.gather(*(one(action) for action in actions))

    async def new_tickets(self, count: int) -> list[str]:
        """Ids of tickets that wait for dispatch."""
        made = await self.call_all([new_request() for _ in range(count)])
        tickets = [answer["ticket_id"] for answer in made]
        # Each service waits for a young id: when all are answered, routing knows them all.
        await self.call_all([("GET", f"/api/v1/tickets/{ticket}", None, "dispatcher") for ticket in tickets])
        return tickets

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # it was idle for longer than the gateway keeps it
        address = urlsplit(self.layout.gateway_url)
        return await asyncio.open_connection(address.hostname, address.port)

    def _request(self, method: str, path: str, body: dict[str, Any] | None, role: str) -> bytes:
        if role not in self._tokens:
            claims = {"unit": UNIT} if role == "unit_handler" else {}
            self._tokens[role] = self.layout.token(role, **claims)["Authorization"]
        content = b"" if body is None else orjson.dumps(body)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {self._tokens[role]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


def _length(head: bytes) -> int:
    return int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])


def new_request() -> Action:
    body = {"channel": "phone", "type": "help", "subject": "路灯不亮", "description": "门口的路灯三天不亮。"}
    return "POST", "/api/v1/requests", body, "agent"


def put_unit(version: int = 0) -> Action:
    """Only what differs from the version before is a fact."""
    name = f"西秀区第{version}版" if version else "西秀区"
    return "PUT", f"/api/v1/units/{UNIT}", {"code": UNIT, "name": name, "group": "county"}, "admin"


def act(ticket: str, action: str, role: str, body: dict[str, Any] | None = None) -> Action:
    return "POST", f"/api/v1/tickets/{ticket}/{action}", body, role


def dispatch(ticket: str) -> Action:
    return act(ticket, "dispatch", "dispatcher", {"lead": UNIT})


@asynccontextmanager
async def running_town(broker: Broker, folder: Path) -> AsyncIterator[Town]:
    """Every role of every service as a process of its own, on PostgreSQL with fsync."""
    postgres = EmbeddedPostgres(folder.with_name("town-postgres"))
    await postgres.start()
    try:
        async with production_layout(postgres, broker.address, folder) as layout:
            town = Town(broker, postgres, layout)
            await town.call(*put_unit())
            yield town
            town.close()
    finally:
        await postgres.stop()
