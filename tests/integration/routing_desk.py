"""routing-svc on its own migrated database, with intake's side of the bus played by the test."""

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.consumer import Consumer
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.base import Envelope, Event, encode
from hotline_contracts.events.evaluation import RatingGivenV1
from hotline_contracts.events.intake import RequestAcceptedV1, RequestTextPutV1
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.ids import act_id, derived_id
from hotline_contracts.values import RatingLevel
from routing_svc.main import build

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
UNITS = ("520402", "520403", "520400-D01", "520400-D02")


@dataclass
class Accepted:
    """What intake minted for one request."""

    ticket_id: UUID
    ticket_no: str
    fact: Envelope
    text: Envelope


@dataclass
class Desk:
    """The service, its clock, and whoever talks to it."""

    service: Service
    clock: VirtualTime
    bus: MemoryBus
    keys: MasterKeys
    issuer: DevIssuer
    client: httpx.AsyncClient
    accepted: int = 0
    _tokens: dict[tuple[Any, ...], str] = field(default_factory=dict)

    @property
    def consumer(self) -> Consumer:
        assert self.service.consumer is not None
        return self.service.consumer

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: str = "dispatcher",
        unit: str | None = None,
        sub: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request by somebody; paths are below /api/v1."""
        who = (role, unit, sub)
        token = self._tokens.get(who)
        if token is None:
            token = self._tokens[who] = self.issuer.issue(role.split("+"), unit=unit, sub=sub)
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=sent)

    async def act(self, ticket_id: UUID, action: str, body: Any = None, **who: Any) -> httpx.Response:
        return await self.ask("POST", f"/tickets/{ticket_id}/{action}", body, **who)

    async def ticket(self, ticket_id: UUID | str, **who: Any) -> Any:
        answer = await self.ask("GET", f"/tickets/{ticket_id}", **who)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def history(self, ticket_id: UUID) -> list[dict[str, Any]]:
        answer = await self.ask("GET", f"/tickets/{ticket_id}/history?limit=200")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def rows(self, query: str, *arguments: Any) -> list[Any]:
        async with self.service.database.reading() as connection:
            return list(await connection.fetch(query, *arguments))

    async def outbox(self, topic: str = "routing.tickets") -> list[dict[str, Any]]:
        """What waits to be sent on a topic: headers and value, in order."""
        rows = await self.rows("SELECT headers, value FROM outbox WHERE topic = $1 ORDER BY id", topic)
        return [dict(orjson.loads(row["headers"])) | {"value": orjson.loads(row["value"])} for row in rows]

    def mint(self, **changes: Any) -> Accepted:
        """A request as intake accepts it; nothing is sent yet."""
        self.accepted += 1
        ticket_id, text_id, at = act_id(self.clock.now()), act_id(self.clock.now()), self.clock.now()
        number = f"{at:%Y%m%d}-{self.accepted:06d}"
        key = self.keys.new_key(act_id(at))
        said = {
            "subject": "路灯不亮",
            "description": "门口的路灯坏了三天。",
            "address": None,
            "requester": {"name": "张*", "phone": "138****1234", "kind": "person"},
        }
        said |= {name: changes.pop(name) for name in list(changes) if name in said}
        values: dict[str, Any] = {
            "request_id": act_id(at),
            "ticket_id": ticket_id,
            "ticket_no": number,
            "text_id": text_id,
            "channel": "phone",
            "type": "help",
            "category": None,
            "area_code": "520402",
            "emergent": None,
            "confidential": False,
            "hash": "",
        }
        event = RequestAcceptedV1(**(values | changes))
        text = RequestTextPutV1(
            text_id=text_id,
            ticket_id=ticket_id,
            key_id=key.key_id,
            master_key_id=key.master_key_id,
            wrapped_key=b64encode(key.wrapped).decode(),
            sealed=b64encode(key.seal(orjson.dumps(said), str(text_id))).decode(),
        )
        return Accepted(
            ticket_id,
            event.ticket_no,
            envelope(event, at, subject=event.request_id, key=event.ticket_id),
            envelope(text, at, subject=text_id, key=text_id),
        )

    async def accept(self, **changes: Any) -> UUID:
        """A new ticket, waiting for dispatch."""
        accepted = self.mint(**changes)
        await self.deliver(accepted.fact, accepted.text)
        return accepted.ticket_id

    async def deliver(self, *envelopes: Envelope) -> None:
        await self.bus.append([NewRecord(e.topic, e.key.encode(), e.headers(), e.value) for e in envelopes])
        await self.consume()

    async def consume(self) -> None:
        while await self.consumer.step():
            pass

    def rating(
        self,
        ticket_id: UUID,
        level: RatingLevel = "dissatisfied",
        *,
        redo_requested: bool = True,
        round_: int = 1,
    ) -> Envelope:
        """What evaluation-svc tells of one rating; its sequence counts the rounds."""
        event = RatingGivenV1(
            ticket_id=ticket_id,
            round=round_,
            hash="",
            rating_id=derived_id("rating", ticket_id, round_),
            follow_up_id=derived_id("follow-up", ticket_id, round_),
            unit="520402",
            level=level,
            solved=False,
            redo_requested=redo_requested,
            via="phone",
        )
        return envelope(event, self.clock.now(), subject=ticket_id, key=ticket_id, sequence=round_)

    async def dispatched(self, *units: str, **changes: Any) -> UUID:
        """A ticket delivered to a lead and supports."""
        ticket_id = await self.accept(**changes)
        lead, *supports = units or ("520402",)
        await done(self.act(ticket_id, "dispatch", {"lead": lead, "supports": supports}))
        return ticket_id

    async def handled(self, *units: str, **changes: Any) -> UUID:
        """A ticket that its lead has signed."""
        ticket_id = await self.dispatched(*units, **changes)
        lead = (units or ("520402",))[0]
        await done(self.act(ticket_id, "sign", role="unit_handler", unit=lead))
        return ticket_id

    async def replied(self, *units: str, sub: str = "handler", **changes: Any) -> UUID:
        """A ticket whose reply waits for review."""
        ticket_id = await self.handled(*units, **changes)
        lead = (units or ("520402",))[0]
        await done(
            self.act(ticket_id, "reply", {"text": "已修复。"}, role="unit_handler", unit=lead, sub=sub)
        )
        return ticket_id

    async def in_follow_up(self, *units: str, **changes: Any) -> UUID:
        """A ticket whose reply was approved."""
        ticket_id = await self.replied(*units, **changes)
        await done(self.act(ticket_id, "reply/approve", role="reviewer", sub="reviewer"))
        return ticket_id


async def done(answer: Any) -> Any:
    """The body of an answer that must be a success."""
    response = await answer
    assert response.status_code in {200, 201}, response.text
    return response.json()


def envelope(event: Event, at: datetime, *, subject: object, key: object, sequence: int = 1) -> Envelope:
    return Envelope(
        topic=event.TOPIC,
        key=str(key),
        event_id=act_id(at),
        type=event.TYPE,
        source="intake-svc",
        subject=str(subject),
        at=at,
        sequence=sequence,
        value=encode(event),
    )


@asynccontextmanager
async def open_desk(dsn: dict[str, Any], folder: Path, *, now: datetime = MORNING) -> AsyncIterator[Desk]:
    clock, system = VirtualTime(now), RealTime()
    bus = MemoryBus(system)
    await bus.ensure_topics(PARTITIONS)
    issuer = DevIssuer(folder, system)
    keys = MasterKeys.in_directory(folder)
    service = await build(
        Surroundings(
            dsn=dsn,
            bus=bus,
            business_clock=clock,
            system_clock=system,
            verifier=issuer.verifier(),
            master_keys=keys,
            site="5204",
        )
    )
    assert service.consumer is not None
    await service.consumer.start()
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://routing") as client:
        desk = Desk(service, clock, bus, keys, issuer, client)
        try:
            yield desk
        finally:
            await service.consumer.close()
            await service.database.close()


async def with_units(desk: Desk, *codes: str) -> None:
    """Create these units; a code with a dash after the sixth digit stands below nothing."""
    for code in codes or UNITS:
        body = {"name": f"单位{code}", "group": "county"}
        await done(desk.ask("PUT", f"/units/{code}", body, role="admin"))
