"""Use case: accepted requests become tickets that wait for dispatch."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from hotline_contracts.canonical import GENESIS
from hotline_contracts.events.base import Fact
from hotline_contracts.events.intake import RequestAcceptedV1
from hotline_contracts.events.routing import TicketCreatedV1
from hotline_contracts.ids import derived_id
from routing_svc.application.ports import ArrivalWork, HistoryRow
from routing_svc.application.record_act import UNHASHED, chained
from routing_svc.domain.actors import SYSTEM
from routing_svc.domain.tickets import Ticket

_MICROSECOND = timedelta(microseconds=1)


async def create_tickets(
    work: ArrivalWork, facts: Sequence[Fact[RequestAcceptedV1]]
) -> Fact[RequestAcceptedV1] | None:
    """Create them all, each at its own instant: now, but not before its cause (clocks of machines differ).

    Returns:
        A fact that can never become a ticket because its id or number is taken; then nothing may stay.
    """
    made = [await _created(work, fact) for fact in facts]
    stored = await work.insert([(ticket, row) for ticket, row, _ in made])
    for fact, (ticket, row, event) in zip(facts, made, strict=True):
        if ticket.ticket_id not in stored:
            return fact
        subject = ticket.ticket_id
        work.announce(event, event_id=row.event_id, subject=subject, key=subject, sequence=row.seq, at=row.at)
    return None


async def _created(
    work: ArrivalWork, fact: Fact[RequestAcceptedV1]
) -> tuple[Ticket, HistoryRow, TicketCreatedV1]:
    at = await work.stamp(fact.at - _MICROSECOND)
    request = fact.event
    event = TicketCreatedV1(
        ticket_id=request.ticket_id,
        hash=UNHASHED,
        request_id=request.request_id,
        ticket_no=request.ticket_no,
        type=request.type,
        category=request.category,
        area_code=request.area_code,
        emergent=request.emergent,
        confidential=request.confidential,
    )
    event_id = derived_id("created", fact.event_id, request.ticket_id)
    return chained(_new_ticket(fact, at), event, event_id, SYSTEM, at)


def _new_ticket(fact: Fact[RequestAcceptedV1], at: datetime) -> Ticket:
    request = fact.event
    return Ticket(
        ticket_id=request.ticket_id,
        ticket_no=request.ticket_no,
        site=fact.envelope.site,
        request_id=request.request_id,
        state="dispatch_pending",
        type=request.type,
        nature="ordinary",
        category=request.category,
        area_code=request.area_code,
        emergent=request.emergent,
        confidential=request.confidential,
        round=1,
        rejections=0,
        text_id=request.text_id,
        determination=None,
        replied_by=None,
        created_at=at,
        version=0,
        last_at=at,
        last_hash=GENESIS,
    )
