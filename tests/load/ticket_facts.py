"""A backlog of ticket facts as routing publishes them, each of about 500 bytes with its headers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hotline_chassis.bus.port import NewRecord
from hotline_contracts.events import routing
from hotline_contracts.events.base import Envelope, Event, encode
from hotline_contracts.ids import derived_id

TOPIC = "routing.tickets"
LIFE = 6
"""Facts of one ticket."""
DELIVERED = datetime(2026, 3, 2, 2, tzinfo=UTC)
_HALVES = ((0, 1, 2), (3, 4, 5))


def lives(round_: int, tickets: int) -> Iterator[NewRecord]:
    """The first halves of all lives, then the second ones; other tickets in each round."""
    for half in _HALVES:
        for number in range(tickets):
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
