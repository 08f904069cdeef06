"""P3: what the SLA consumer costs beside reading its facts, on the embedded bus with fsync.

Floor: fetch and msgspec decode of the same records by another group, nothing else. Ours: the service's own
consumer, dedupe + clocks + cards + outbox in one transaction per batch. The log is that of a day's backlog:
tickets are made, delivered and signed together, and answered, approved and closed together, batches later.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import UUID

import msgspec

from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime, VirtualTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.memory import settle_memory
from hotline_chassis.migrations import migrate
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events import routing
from hotline_contracts.events.base import Envelope, Event, encode
from hotline_contracts.events.registry import EVENTS, PARTITIONS
from hotline_contracts.ids import derived_id
from sla_svc.main import build

Row = dict[str, object]

ROUNDS = 5
TICKETS = 1400  # a batch then holds one half of a partition's lives
HALVES = ((0, 1, 2), (3, 4, 5))
LIFE = 6  # facts of one ticket
BATCH = 1000
TOPIC = "routing.tickets"
DELIVERED = datetime(2026, 3, 2, 2, tzinfo=UTC)
PASS, AIM = 0.15, 0.28


async def rows() -> list[Row]:
    """Measure both ways in turns, over fresh tickets each time."""
    async with _service() as (service, bus):
        settle_memory()  # as the command does: both sides run as the product runs
        floors: list[float] = []
        ours: list[float] = []
        position: dict[tuple[str, int], int] = {}
        for round_ in range(ROUNDS + 1):
            await bus.append(list(_lives(round_)))
            floor = await _timed(lambda: _read_and_decode(bus, position))
            mine = await _timed(lambda: _consume(service))
            await _forget_outbox(service)
            if round_:  # the first one warms statements and caches up
                floors.append(TICKETS * LIFE / floor)
                ours.append(TICKETS * LIFE / mine)
    ratio = median(ours) / median(floors)
    return [
        {
            "row": "P3",
            "what": "SLA consumer: dedupe + clock effect + outbox, against fetch and decode only",
            "floor": median(floors),
            "ours": median(ours),
            "ratio": ratio,
            "unit": "facts/s",
            "pass": PASS,
            "aim": AIM,
            "passed": ratio >= PASS,
        }
    ]


async def _timed(work: Callable[[], Awaitable[int]]) -> float:
    begun = perf_counter()
    done = await work()
    taken = perf_counter() - begun
    if done != TICKETS * LIFE:
        raise AssertionError(f"{done} facts were read instead of {TICKETS * LIFE}")
    return taken


async def _read_and_decode(bus: EmbeddedBus, position: dict[tuple[str, int], int]) -> int:
    decoders = {name: msgspec.json.Decoder(event) for name, event in EVENTS.items()}
    reader = await bus.reader("floor", [TOPIC])
    for partition in reader.assignment():
        reader.seek(partition, position.get(partition, 0))
    read = 0
    while records := await reader.fetch(BATCH, 0.0):
        for record in records:
            if record.value is not None:
                decoders[dict(record.headers)["ce_type"].decode()].decode(record.value)
            position[record.topic, record.partition] = record.offset + 1
        read += len(records)
    await reader.close()
    return read


async def _consume(service: Service) -> int:
    if service.consumer is None:
        raise AssertionError("the service has no consumer")
    read = 0
    while done := await service.consumer.step():
        read += done
    return read


async def _forget_outbox(service: Service) -> None:
    """As the relay would; not a part of what is measured."""
    async with service.database.transaction() as transaction:
        await transaction.connection.execute("TRUNCATE outbox")


def _lives(round_: int) -> Iterator[NewRecord]:
    """The first halves of all lives, then the second ones."""
    for half in HALVES:
        for number in range(TICKETS):
            ticket_id = derived_id("bench", round_, number)
            for step in half:
                yield _record(_fact(step, ticket_id, f"2026030{round_}-{number:06d}"), ticket_id, step)


def _fact(step: int, ticket_id: UUID, ticket_no: str) -> Event:
    lead = derived_id("lead", ticket_id)
    unit = "520400-D01"
    if step == 0:
        return routing.TicketCreatedV1(
            ticket_id=ticket_id,
            hash="0" * 64,
            request_id=ticket_id,
            ticket_no=ticket_no,
            type="help",
            category="城乡建设/安全生产/事故处理",
            area_code="520402",
            emergent=None,
            confidential=False,
        )
    if step == 1:
        given = routing.AssignmentGiven(assignment_id=lead, unit=unit, role="lead")
        return routing.TicketDispatchedV1(
            ticket_id=ticket_id, hash="0" * 64, assignments=[given], type="help", emergent=None, round=1
        )
    if step == 2:
        return routing.TicketSignedV1(ticket_id=ticket_id, hash="0" * 64, assignment_id=lead, unit=unit)
    if step == 3:
        return routing.TicketRepliedV1(
            ticket_id=ticket_id,
            hash="0" * 64,
            assignment_id=lead,
            unit=unit,
            round=1,
            determination="solved",
            text_id=ticket_id,
        )
    if step == 4:
        return routing.TicketReplyApprovedV1(ticket_id=ticket_id, hash="0" * 64, assignment_id=lead, round=1)
    return routing.TicketClosedV1(ticket_id=ticket_id, hash="0" * 64, determination="solved")


def _record(event: Event, ticket_id: UUID, step: int) -> NewRecord:
    subject = str(ticket_id)
    envelope = Envelope(
        topic=TOPIC,
        key=subject,
        event_id=derived_id("bench", ticket_id, step),
        type=event.TYPE,
        source="routing-svc",
        subject=subject,
        at=DELIVERED + timedelta(hours=step),
        sequence=step + 1,
        value=encode(event),
    )
    return NewRecord(TOPIC, subject.encode(), envelope.headers(), envelope.value)


@asynccontextmanager
async def _service() -> AsyncIterator[tuple[Service, EmbeddedBus]]:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        postgres = EmbeddedPostgres(data_dir / "postgres")
        await postgres.start()
        try:
            await asyncio.gather(*(postgres.ensure_database(name) for name in ("bus", "sla")))
            await migrate(postgres.dsn("sla"), "sla_svc")
            system_clock = RealTime()
            bus = await EmbeddedBus.connect(postgres.dsn("bus"), system_clock, single_process=True)
            await bus.ensure_topics(PARTITIONS)
            service = await build(_surroundings(postgres, bus, system_clock, data_dir))
            if service.seed is None or service.consumer is None:
                raise AssertionError("the service is incomplete")
            await service.seed()
            await service.consumer.start()
            yield service, bus
            await service.consumer.close()
            await service.database.close()
            await bus.close()
        finally:
            await postgres.stop()


def _surroundings(
    postgres: EmbeddedPostgres, bus: EmbeddedBus, system_clock: RealTime, data_dir: Path
) -> Surroundings:
    return Surroundings(
        dsn=postgres.dsn("sla"),
        bus=bus,
        business_clock=VirtualTime(DELIVERED + timedelta(days=1)),
        system_clock=system_clock,
        verifier=DevIssuer(data_dir, system_clock).verifier(),
        master_keys=MasterKeys.in_directory(data_dir),
        site="5204",
    )
