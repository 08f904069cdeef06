"""The whole service on a migrated database and the bus in memory; facts and time come from the test."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from evaluation_svc.main import build
from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import unpack_headers
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events import routing, sla
from hotline_contracts.events.base import Envelope, Event, Fact, encode
from hotline_contracts.events.registry import PARTITIONS, decode
from hotline_contracts.ids import derived_id
from hotline_contracts.values import UnitGroup
from hotline_worktime.policy import POLICY_1, Policy

SHANGHAI = timezone(timedelta(hours=8))
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
UNIT = "520400-D01"


@dataclass
class TicketFacts:
    """Publishes what routing-svc and sla-svc would say of one ticket."""

    world: "World"
    number: int
    unit: str = UNIT

    def __post_init__(self) -> None:
        self.id = derived_id("test", "ticket", self.number)
        self.lead = derived_id("test", "lead", self.number)
        self.no = f"20260302-{self.number:06d}"

    @property
    def path(self) -> str:
        return f"/api/v1/tickets/{self.id}/ratings"

    async def created(self) -> None:
        await self._put(
            routing.TicketCreatedV1(
                ticket_id=self.id,
                hash="",
                request_id=self.id,
                ticket_no=self.no,
                type="help",
                category=None,
                area_code="520400",
                emergent=None,
                confidential=False,
            )
        )

    async def dispatched(self) -> None:
        given = [routing.AssignmentGiven(assignment_id=self.lead, unit=self.unit, role="lead")]
        await self._put(
            routing.TicketDispatchedV1(
                ticket_id=self.id, hash="", assignments=given, type="help", emergent=None, round=1
            )
        )

    async def approved(self, round_: int = 1) -> None:
        event = routing.TicketReplyApprovedV1(
            ticket_id=self.id, hash="", assignment_id=self.lead, round=round_
        )
        await self._put(event)

    async def in_follow_up(self) -> None:
        """Created, dispatched and answered; applied here."""
        await self.created()
        await self.dispatched()
        await self.approved()
        await self.world.apply()

    async def redo_ordered(self, rating_id: UUID) -> None:
        await self._put(
            routing.TicketRedoOrderedV1(
                ticket_id=self.id,
                hash="",
                assignment_id=self.lead,
                unit=self.unit,
                type="help",
                emergent=None,
                round=2,
                rating_id=rating_id,
            )
        )

    async def redo_refused(self, rating_id: UUID) -> None:
        event = routing.TicketRedoRefusedV1(
            ticket_id=self.id, hash="", assignment_id=self.lead, round=1, rating_id=rating_id
        )
        await self._put(event)

    async def closed(self) -> None:
        await self._put(routing.TicketClosedV1(ticket_id=self.id, hash="", determination="solved"))

    async def clock_started(self, due_at: datetime, duty: str = "handle") -> None:
        event = sla.ClockStartedV1(
            **self._clock(duty),
            type="help",
            started_at=START,
            warn_at=None,
            due_at=due_at,
            policy_version=1,
            calendar_versions={},
            calendar_status="confirmed",
        )
        await self._tell(duty, event)

    async def clock_met(self, duty: str = "handle", *, late: bool = False) -> None:
        state: Any = "late" if late else "met"
        await self._tell(duty, sla.ClockMetV1(**self._clock(duty), state=state, stopped_at=START))

    async def clock_cancelled(self, duty: str = "handle") -> None:
        await self._tell(duty, sla.ClockCancelledV1(**self._clock(duty), stopped_at=START))

    async def clock_reopened(self, due_at: datetime, duty: str = "handle") -> None:
        await self._tell(duty, sla.ClockReopenedV1(**self._clock(duty), warn_at=None, due_at=due_at))

    async def carded(self, card: Any, due_at: datetime, duty: str = "handle") -> None:
        event = sla.CardIssuedV1(
            **self._clock(duty),
            card_id=derived_id("card", self.id, duty, card),
            type="help",
            card=card,
            was=None,
            at=due_at,
            due_at=due_at,
            policy_version=1,
            calendar_versions={},
            why="",
        )
        await self._tell(duty, event)

    def _clock(self, duty: str) -> dict[str, Any]:
        return {
            "clock_id": derived_id("clock", self.id, duty),
            "ticket_id": self.id,
            "assignment_id": self.lead,
            "unit": self.unit,
            "duty": duty,
            "round": 2 if duty == "redo" else 1,
        }

    async def _tell(self, duty: str, event: Event) -> None:
        subject = str(derived_id("clock", self.id, duty))
        await self.world.publish(event, subject=subject, key=str(self.id))

    async def _put(self, event: Event) -> None:
        await self.world.publish(event, subject=str(self.id))


@dataclass
class World:
    """One running service; facts on the bus become effects with ``apply``."""

    service: Service
    dsn: dict[str, Any]
    bus: MemoryBus
    clock: VirtualTime
    issuer: DevIssuer
    _sequences: dict[tuple[str, str], Any] = field(default_factory=dict)
    _tickets: Any = field(default_factory=lambda: count(1))

    def ticket(self, unit: str = UNIT) -> TicketFacts:
        return TicketFacts(self, next(self._tickets), unit)

    async def publish(self, event: Event, *, subject: str, key: str | None = None) -> UUID:
        """Put a fact on the bus as of the world's present."""
        sequence = next(self._sequences.setdefault((event.TOPIC, subject), count(1)))
        envelope = Envelope(
            topic=event.TOPIC,
            key=key or subject,
            event_id=derived_id("test", event.TOPIC, subject, sequence),
            type=event.TYPE,
            source="test",
            subject=subject,
            at=self.clock.now(),
            sequence=sequence,
            value=encode(event),
        )
        await self.bus.append(
            [NewRecord(envelope.topic, envelope.key.encode(), envelope.headers(), envelope.value)]
        )
        return envelope.event_id

    async def unit(
        self, code: str, *, group: UnitGroup = "department", parent: str | None = None, version: int = 1
    ) -> None:
        event = routing.UnitPutV1(
            code=code, version=version, name="某局", group=group, parent=parent, uscc=None, put_at=START
        )
        await self.publish(event, subject=code, key=f"{code}:{version}")

    async def policy(self, policy: Policy = POLICY_1, **document: Any) -> None:
        event = sla.PolicyPublishedV1(
            version=policy.version,
            effective_from=policy.effective_from,
            author=policy.author,
            reason=policy.reason,
            document={**policy.document.model_dump(mode="json"), **document},
        )
        await self.publish(event, subject=str(policy.version))

    async def apply(self) -> None:
        assert self.service.consumer is not None
        while await self.service.consumer.step():
            pass

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.service.database.reading() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def told(self) -> list[Fact[Event]]:
        """Everything in the outbox, in order."""
        found = []
        for row in await self.rows("SELECT topic, key, headers, value FROM outbox ORDER BY id"):
            envelope = Envelope.from_record(
                row["topic"], row["key"], unpack_headers(row["headers"]), row["value"]
            )
            fact = decode(envelope)
            assert fact is not None
            found.append(fact)
        return found

    async def types(self) -> list[str]:
        return [fact.event.TYPE.removeprefix("evaluation.").removesuffix(".v1") for fact in await self.told()]

    def client(self, *roles: str, unit: str | None = None) -> httpx.AsyncClient:
        token = self.issuer.issue(roles or ("reviewer",), unit=unit)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service.app),
            base_url="http://evaluation",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def rate(self, ticket: TicketFacts, level: str = "satisfied", **more: Any) -> httpx.Response:
        async with self.client() as client:
            return await client.post(ticket.path, json={"level": level, "solved": True, **more})

    async def scorecard(self, month: str, *roles: str, unit: str | None = None, query: str = "") -> Any:
        async with self.client(*(roles or ("auditor",)), unit=unit) as client:
            answer = await client.get(f"/api/v1/scorecards/{month}{query}")
            assert answer.status_code == 200, answer.text
            return answer.json()


NewWorld = Callable[..., Any]


@pytest.fixture
async def new_world(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[NewWorld]:
    """Makes worlds, each with a database and a bus of its own."""
    made: list[World] = []

    async def make(factory: DatabaseFactory = database_factory) -> World:
        system_clock, clock = RealTime(), VirtualTime(START)
        bus = MemoryBus(system_clock)
        await bus.ensure_topics(PARTITIONS)
        issuer = DevIssuer(tmp_path, system_clock)
        dsn = await factory("evaluation_svc")
        service = await build(
            Surroundings(
                dsn=dsn,
                bus=bus,
                business_clock=clock,
                system_clock=system_clock,
                verifier=issuer.verifier(),
                master_keys=MasterKeys.in_directory(tmp_path),
                site="5204",
            )
        )
        assert service.consumer is not None
        await service.consumer.start()
        made.append(World(service, dsn, bus, clock, issuer))
        return made[-1]

    yield make
    for world in made:
        assert world.service.consumer is not None
        await world.service.consumer.close()
        await world.service.database.close()
        await world.bus.close()


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    """Policy 1 and one unit are known."""
    made: World = await new_world()
    await made.policy()
    await made.unit(UNIT)
    await made.apply()
    return made
