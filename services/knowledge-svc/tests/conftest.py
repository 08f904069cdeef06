"""knowledge-svc on its own migrated database, with routing's side of the bus played by the test."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import unpack_headers
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.base import Envelope, Event, Fact, encode
from hotline_contracts.events.registry import PARTITIONS, decode
from hotline_contracts.events.routing import UnitPutV1
from hotline_contracts.ids import act_id
from knowledge_svc.main import build

MORNING = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
ENTRY: Mapping[str, Any] = {
    "title": "居民身份证补领指南",
    "kind": "guide",
    "body": "身份证遗失的，凭户口簿到任一派出所户籍窗口申请补领，工本费40元。",
}
OWNER, BELOW, OTHER = "520400-D01", "520400-D01-01", "520400-D02"


@dataclass
class Knowledge:
    """The service on its own migrated database, its clock, and whoever talks to it."""

    service: Service
    dsn: dict[str, Any]
    clock: VirtualTime
    bus: MemoryBus
    issuer: DevIssuer
    client: httpx.AsyncClient
    _tokens: dict[tuple[Any, ...], str] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "knowledge_editor",
        unit: str | None = None,
        sub: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """One request by somebody; paths are below /api/v1/knowledge."""
        who = (role, unit, sub)
        token = self._tokens.get(who)
        if token is None:
            token = self._tokens[who] = self.issuer.issue(role.split("+"), unit=unit, sub=sub or role)
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        return await self.client.request(
            method, f"/api/v1/knowledge{path}", json=body, params=query or None, headers=sent
        )

    async def draft(self, **changes: Any) -> Any:
        """A new entry of the owner unit's handler."""
        return await done(self.ask("POST", "/entries", {**ENTRY, **changes}, **BY["submit"]))

    async def act(self, entry: Any, action: str, body: Any = None, **who: Any) -> httpx.Response:
        by: dict[str, Any] = who or BY[action]
        return await self.ask("POST", f"/entries/{entry['entry_id']}/{action}", body, **by)

    async def published(self, **changes: Any) -> Any:
        entry = await self.draft(**changes)
        await done(self.act(entry, "submit"))
        return await done(self.act(entry, "approve"))

    async def revised(self, entry: Any, *, upto: str = "approve", **changes: Any) -> Any:
        """A further version, as far as ``upto``."""
        shown = await done(self.act(entry, "versions", {**ENTRY, **changes}))
        for action in ("submit", "approve"):
            if upto == "versions" or (upto == "submit" and action == "approve"):
                break
            shown = await done(self.act(entry, action))
        return shown

    async def search(self, q: str, **query: Any) -> list[Any]:
        found = await done(self.ask("GET", "/search", q=q, role="agent", **query))
        items: list[Any] = found["items"]
        return items

    async def titles(self, q: str, **query: Any) -> list[str]:
        return [item["title"] for item in await self.search(q, **query)]

    async def rows(self, query: str, *values: Any) -> list[Mapping[str, Any]]:
        async with self.service.database.reading() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]

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

    async def put_unit(self, code: str, parent: str | None = None, version: int = 1) -> None:
        await self.deliver(unit_fact(code, parent, version, self.clock.now()))

    async def deliver(self, *envelopes: Envelope) -> None:
        await self.bus.append([NewRecord(e.topic, e.key.encode(), e.headers(), e.value) for e in envelopes])
        assert self.service.consumer is not None
        while await self.service.consumer.step():
            pass


BY: Mapping[str, dict[str, Any]] = {
    "versions": {"role": "unit_handler", "unit": OWNER},
    "submit": {"role": "unit_handler", "unit": OWNER},
    "approve": {"role": "reviewer"},
    "reject": {"role": "reviewer"},
    "withdraw": {"role": "unit_leader", "unit": OWNER},
}


async def done(answer: Any) -> Any:
    """The body of an answer that must be a success."""
    response = await answer
    assert response.status_code in {200, 201}, response.text
    return response.json()


def unit_fact(code: str, parent: str | None, version: int, at: datetime) -> Envelope:
    event = UnitPutV1(
        code=code,
        version=version,
        name=f"单位{code}",
        group="department",
        parent=parent,
        uscc=None,
        put_at=at,
    )
    return Envelope(
        topic=event.TOPIC,
        key=f"{code}:{version}",
        event_id=act_id(at),
        type=event.TYPE,
        source="routing-svc",
        subject=code,
        at=at,
        sequence=version,
        value=encode(event),
    )


@asynccontextmanager
async def running_knowledge(dsn: dict[str, Any], folder: Path) -> AsyncIterator[Knowledge]:
    clock, system_clock = VirtualTime(MORNING), RealTime()
    bus = MemoryBus(system_clock)
    await bus.ensure_topics(PARTITIONS)
    issuer = DevIssuer(folder, system_clock)
    service = await build(
        Surroundings(
            dsn=dsn,
            bus=bus,
            business_clock=clock,
            system_clock=system_clock,
            verifier=issuer.verifier(),
            master_keys=MasterKeys.in_directory(folder),
            site="5204",
        )
    )
    assert service.consumer is not None
    await service.consumer.start()
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://knowledge") as client:
        try:
            yield Knowledge(service, dsn, clock, bus, issuer, client)
        finally:
            await service.consumer.close()
            await service.database.close()


async def with_units(knowledge: Knowledge) -> None:
    at = knowledge.clock.now()
    await knowledge.deliver(
        unit_fact(OWNER, None, 1, at), unit_fact(BELOW, OWNER, 1, at), unit_fact(OTHER, None, 1, at)
    )


@pytest.fixture
async def knowledge(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Knowledge]:
    async with running_knowledge(await database_factory("knowledge_svc"), tmp_path) as running:
        await with_units(running)
        yield running


@pytest.fixture
async def knowledge_of_each_version(
    database_factory_of_each_version: DatabaseFactory, tmp_path: Path
) -> AsyncIterator[Knowledge]:
    """On the oldest and on the newest PostgreSQL."""
    async with running_knowledge(
        await database_factory_of_each_version("knowledge_svc"), tmp_path
    ) as running:
        await with_units(running)
        yield running
