"""The whole service on a migrated database and the bus in memory; facts and time come from the test."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import NewRecord, Watermark
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events import evaluation, routing
from hotline_contracts.events.base import Envelope, Event, encode
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.ids import derived_id
from hotline_contracts.values import Emergent, FollowUpOutcome, TicketType
from sla_svc.main import build

SHANGHAI = timezone(timedelta(hours=8))
START = datetime(2026, 1, 1, tzinfo=UTC)
STOPPING = ("routing.tickets", "evaluation.ratings")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class TicketFacts:
    """Publishes what routing-svc would say of one ticket."""

    world: "World"
    number: int

    def __post_init__(self) -> None:
        self.id = derived_id("test", "ticket", self.number)
        self.lead = derived_id("test", "lead", self.number)
        self.support = derived_id("test", "support", self.number)
        self.no = f"20260101-{self.number:06d}"

    async def created(
        self, at: datetime, type_: TicketType = "help", emergent: Emergent | None = None
    ) -> None:
        await self._put(
            routing.TicketCreatedV1(
                ticket_id=self.id,
                hash="",
                request_id=self.id,
                ticket_no=self.no,
                type=type_,
                category=None,
                area_code="520400",
                emergent=emergent,
                confidential=False,
            ),
            at,
        )

    async def dispatched(
        self,
        at: datetime,
        type_: TicketType = "help",
        emergent: Emergent | None = None,
        *,
        lead: str = "520400-D01",
        support: str | None = None,
    ) -> UUID:
        """Returns the id of the fact, from which the clocks' ids derive."""
        given = [routing.AssignmentGiven(assignment_id=self.lead, unit=lead, role="lead")]
        if support:
            given.append(routing.AssignmentGiven(assignment_id=self.support, unit=support, role="support"))
        return await self._put(
            routing.TicketDispatchedV1(
                ticket_id=self.id, hash="", assignments=given, type=type_, emergent=emergent, round=1
            ),
            at,
        )

    async def signed(self, at: datetime, assignment_id: UUID | None = None) -> None:
        own = assignment_id or self.lead
        await self._put(routing.TicketSignedV1(ticket_id=self.id, hash="", assignment_id=own, unit="u1"), at)

    async def replied(self, at: datetime, round_: int = 1) -> None:
        await self._put(
            routing.TicketRepliedV1(
                ticket_id=self.id,
                hash="",
                assignment_id=self.lead,
                unit="u1",
                round=round_,
                determination="solved",
                text_id=self.id,
            ),
            at,
        )

    async def reply_rejected(self, at: datetime, rejections: int = 1) -> None:
        await self._put(
            routing.TicketReplyRejectedV1(
                ticket_id=self.id,
                hash="",
                assignment_id=self.lead,
                round=1,
                rejections=rejections,
                text_id=self.id,
            ),
            at,
        )

    async def redo_ordered(self, at: datetime, type_: TicketType = "help") -> UUID:
        return await self._put(
            routing.TicketRedoOrderedV1(
                ticket_id=self.id,
                hash="",
                assignment_id=self.lead,
                unit="520400-D01",
                type=type_,
                emergent=None,
                round=2,
                rating_id=self.id,
            ),
            at,
        )

    def follow_up(self, round_: int = 1) -> UUID:
        return derived_id("test", "follow-up", self.number, round_)

    async def follow_up_opened(self, at: datetime, since: datetime, round_: int = 1) -> UUID:
        return await self._put(
            evaluation.FollowUpOpenedV1(
                ticket_id=self.id,
                round=round_,
                hash="",
                follow_up_id=self.follow_up(round_),
                unit="520400-D01",
                since=since,
            ),
            at,
        )

    async def follow_up_ended(
        self,
        at: datetime,
        outcome: FollowUpOutcome = "rated",
        round_: int = 1,
        *,
        ended_at: datetime | None = None,
    ) -> None:
        await self._put(
            evaluation.FollowUpEndedV1(
                ticket_id=self.id,
                round=round_,
                hash="",
                follow_up_id=self.follow_up(round_),
                outcome=outcome,
                ended_at=ended_at,
            ),
            at,
        )

    async def closed(self, at: datetime) -> None:
        await self._put(routing.TicketClosedV1(ticket_id=self.id, hash="", determination="solved"), at)

    async def _put(self, event: Event, at: datetime) -> UUID:
        return await self.world.publish(event, subject=str(self.id), at=at)


@dataclass
class World:
    """One running service; ``facts`` on the bus become effects with ``apply``, time passes with ``tick``."""

    service: Service
    bus: MemoryBus
    clock: VirtualTime
    issuer: DevIssuer
    _sequences: dict[tuple[str, str], Any] = field(default_factory=dict)
    _tickets: Any = field(default_factory=lambda: count(1))

    def ticket(self) -> TicketFacts:
        return TicketFacts(self, next(self._tickets))

    async def publish(self, event: Event, *, subject: str, at: datetime, key: str | None = None) -> UUID:
        sequence = next(self._sequences.setdefault((event.TOPIC, subject), count(1)))
        envelope = Envelope(
            topic=event.TOPIC,
            key=key or subject,
            event_id=derived_id("test", event.TOPIC, subject, sequence),
            type=event.TYPE,
            source="routing-svc",
            subject=subject,
            at=at,
            sequence=sequence,
            value=encode(event),
        )
        await self.bus.append(
            [NewRecord(envelope.topic, envelope.key.encode(), envelope.headers(), envelope.value)]
        )
        return envelope.event_id

    async def unit(self, code: str, parent: str | None = None, name: str = "某局") -> None:
        event = routing.UnitPutV1(
            code=code, version=1, name=name, group="department", parent=parent, uscc=None, put_at=START
        )
        await self.publish(event, subject=code, at=START, key=code)

    async def apply(self) -> None:
        assert self.service.consumer is not None
        while await self.service.consumer.step():
            pass

    async def publish_watermark(self, at: datetime, topics: Sequence[str] = STOPPING) -> None:
        """Say that all facts of these topics before ``at`` are on the bus."""
        for topic in topics:
            ends = await self.bus.end_offsets([topic])
            offsets = tuple(offset for _, offset in sorted(ends.items()))
            await self.bus.publish_watermark(Watermark(topic, at, offsets))

    async def tick(self, at: datetime, *, complete: Sequence[str] = STOPPING) -> int:
        """Move the clock to ``at``, say which topics' facts before it are on the bus, and let the timer act."""
        assert self.service.timer is not None
        self.clock.set(at)
        await self.publish_watermark(at, complete)
        return await self.service.timer.tick()

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.service.database.reading() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def cards(self, duty: str) -> list[tuple[str | None, str, datetime]]:
        rows = await self.rows("SELECT was, card, at FROM cards WHERE duty = $1 ORDER BY at, issued_at", duty)
        return [(row["was"], row["card"], row["at"]) for row in rows]

    def client(self, *roles: str, unit: str | None = None, channel: str | None = None) -> httpx.AsyncClient:
        token = self.issuer.issue(roles or ("auditor",), unit=unit, channel=channel)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service.app),
            base_url="http://sla",
            headers={"Authorization": f"Bearer {token}"},
        )


NewWorld = Callable[[], Any]


@pytest.fixture
async def new_world(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[NewWorld]:
    """Makes worlds, each with a database and a bus of its own."""
    made: list[World] = []

    async def make() -> World:
        system_clock, clock = RealTime(), VirtualTime(START)
        bus = MemoryBus(system_clock)
        await bus.ensure_topics(PARTITIONS)
        issuer = DevIssuer(tmp_path, system_clock)
        service = await build(
            Surroundings(
                dsn=await database_factory("sla_svc"),
                bus=bus,
                business_clock=clock,
                system_clock=system_clock,
                verifier=issuer.verifier(),
                master_keys=MasterKeys.in_directory(tmp_path),
                site="5204",
            )
        )
        assert service.seed is not None
        assert service.consumer is not None
        await service.seed()
        await service.consumer.start()
        made.append(World(service, bus, clock, issuer))
        return made[-1]

    yield make
    for world in made:
        assert world.service.consumer is not None
        await world.service.consumer.close()
        await world.service.database.close()
        await world.bus.close()


@pytest.fixture
async def world(new_world: NewWorld) -> World:
    made: World = await new_world()
    return made
