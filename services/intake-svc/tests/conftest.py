import asyncio
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import unpack_headers
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.base import Envelope, Event, Fact
from hotline_contracts.events.registry import decode
from intake_svc.main import build

MORNING = datetime.fromisoformat("2026-02-01T09:00:00+08:00")
REQUEST: dict[str, Any] = {
    "channel": "phone",
    "type": "help",
    "subject": "小区门口路灯不亮",
    "description": "东街三号院门口的路灯坏了一周，老人夜里看不清路。",
}


@dataclass
class Intake:
    """The service on its own migrated database, its clock, and clients of its HTTP interface."""

    service: Service
    dsn: dict[str, Any]
    clock: VirtualTime
    issuer: DevIssuer
    keys: MasterKeys
    client: httpx.AsyncClient

    @staticmethod
    def body(**changes: Any) -> dict[str, Any]:
        return {**REQUEST, **changes}

    def bearer(self, *roles: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.issue(roles or ('agent',), **claims)}"}

    async def post(
        self,
        body: Any = None,
        *,
        to: str = "/api/v1/requests",
        role: str = "agent",
        key: str | None = None,
        **claims: Any,
    ) -> httpx.Response:
        headers = self.bearer(role, **claims)
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.client.post(to, json=body, headers=headers)

    async def get(self, path: str, *, role: str = "agent", **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query, headers=self.bearer(role))

    async def held(self, **changes: Any) -> str:
        """The id of a request that waits for a decision."""
        answer = await self.post(self.body(decision="hold", **changes))
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["request_id"]
        return found

    async def decide(self, request_id: str, action: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.post(body, to=f"/api/v1/requests/{request_id}/{action}", **more)

    async def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        async with self.service.database.reading() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(**self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def facts(self) -> list[Fact[Event]]:
        """What waits in the outbox, decoded, in its order."""
        rows = await self.rows("SELECT topic, key, headers, value FROM outbox ORDER BY id")
        found = [
            decode(
                Envelope.from_record(row["topic"], row["key"], unpack_headers(row["headers"]), row["value"])
            )
            for row in rows
        ]
        return [fact for fact in found if fact is not None]

    async def counts(self) -> dict[str, int]:
        tables = ("requests", "requesters", "request_history", "outbox", "idempotency")
        return {name: (await self.rows(f"SELECT count(*) AS n FROM {name}"))[0]["n"] for name in tables}

    def words(self, fact: Fact[Any], request: Mapping[str, Any]) -> Any:
        """The opened text of a text fact."""
        key = self.keys.unwrap(request["key_id"], request["master_key_id"], request["wrapped_key"])
        return orjson.loads(key.open(b64decode(fact.event.sealed), str(fact.event.text_id)))


@asynccontextmanager
async def running_intake(dsn: dict[str, Any], folder: Path) -> AsyncIterator[Intake]:
    """Several on one database and one folder are processes of one site."""
    clock, system_clock = VirtualTime(MORNING), RealTime()
    issuer = DevIssuer(folder, system_clock)
    keys = MasterKeys.in_directory(folder)
    service = await build(
        Surroundings(
            dsn=dsn,
            bus=MemoryBus(system_clock),
            business_clock=clock,
            system_clock=system_clock,
            verifier=issuer.verifier(),
            master_keys=keys,
            site="5204",
        )
    )
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        try:
            yield Intake(service, dsn, clock, issuer, keys, client)
        finally:
            await service.database.close()


@pytest.fixture
async def intake(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Intake]:
    async with running_intake(await database_factory("intake_svc"), tmp_path) as running:
        yield running


@pytest.fixture
async def intake_of_each_version(
    database_factory_of_each_version: DatabaseFactory, tmp_path: Path
) -> AsyncIterator[Intake]:
    """On the oldest and on the newest PostgreSQL."""
    async with running_intake(await database_factory_of_each_version("intake_svc"), tmp_path) as running:
        yield running


@pytest.fixture
async def twin(intake: Intake, tmp_path: Path) -> AsyncIterator[Intake]:
    """A second process of the service on the same database."""
    async with running_intake(intake.dsn, tmp_path) as running:
        yield running


class CutWire:
    """Stands between the service and PostgreSQL, and cuts the wire at a COMMIT when it is told to.

    Attributes:
        at_commit: what happens to the next COMMIT: None (it passes), ``before`` (the server never hears
            of it) or ``after`` (it commits, but nobody is told).
    """

    def __init__(self, server_socket: Path) -> None:
        self.at_commit: str | None = None
        self.cuts = 0
        self._server_socket = server_socket

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_client = writer
        from_server, to_server = await asyncio.open_unix_connection(str(self._server_socket))
        answers = asyncio.create_task(self._pass(from_server, to_client))
        while data := await reader.read(65536):
            if self.at_commit is not None and b"COMMIT\0" in data:
                cut, self.at_commit = self.at_commit, None
                self.cuts += 1
                answers.cancel()
                await asyncio.wait([answers])
                if cut == "after":
                    to_server.write(data)
                    await from_server.read(65536)
                break
            to_server.write(data)
        to_server.close()
        to_client.close()

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


@pytest.fixture
async def wired(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[tuple[Intake, CutWire]]:
    """The service behind a wire that can be cut."""
    dsn = await database_factory("intake_svc")
    name = f".s.PGSQL.{dsn['port']}"
    wire = CutWire(Path(dsn["host"]) / name)
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        server = await asyncio.start_unix_server(wire.serve, f"{folder}/{name}")
        async with running_intake({**dsn, "host": folder}, tmp_path) as running:
            yield running, wire
        server.close()
