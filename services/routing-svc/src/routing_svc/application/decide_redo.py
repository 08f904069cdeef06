"""Use cases: the hotline reads the handling and orders a redo, or refuses it."""

from hotline_contracts.events.routing import TicketRedoOrderedV1, TicketRedoRefusedV1
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record, seal
from routing_svc.domain import tickets


async def order_redo(work: TicketWork, command: Command, note: str | None) -> Held:
    """Give the ticket back to its lead for round 2; ``redo`` runs from this fact. Source: rule I3.

    Raises:
        AlreadyRedone, RedoAlreadyRefused, RedoNotRequested: in follow-up, but no redo is due.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    held = await work.hold(command.ticket_id)
    command.expected.check(held.ticket.version)
    after = tickets.order_redo(held.ticket)

    at = await work.stamp(held.ticket.last_at)
    why = [seal(held, note, "note", at)] if note else []
    lead = tickets.lead_of(after)
    event = TicketRedoOrderedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=lead.assignment_id,
        unit=lead.unit,
        type=after.type,
        emergent=after.emergent,
        round=after.round,
        rating_id=tickets.first_rating_of(after).rating_id,
        text_id=why[0].text_id if why else None,
    )
    return await record(work, held, after, event, command.actor, at, why)


async def refuse_redo(work: TicketWork, command: Command, note: str) -> Held:
    """Leave the ticket in follow-up; the first rating is formed elsewhere by this fact. Source: rule I3.

    Raises:
        AlreadyRedone, RedoAlreadyRefused, RedoNotRequested: in follow-up, but no redo is due.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    held = await work.hold(command.ticket_id)
    command.expected.check(held.ticket.version)
    after = tickets.refuse_redo(held.ticket)

    at = await work.stamp(held.ticket.last_at)
    why = seal(held, note, "note", at)
    event = TicketRedoRefusedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=tickets.lead_of(after).assignment_id,
        round=after.round,
        rating_id=tickets.first_rating_of(after).rating_id,
        text_id=why.text_id,
    )
    return await record(work, held, after, event, command.actor, at, [why])
