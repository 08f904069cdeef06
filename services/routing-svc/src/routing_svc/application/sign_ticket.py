"""Use case: a unit acknowledges receipt of its assignment."""

from hotline_contracts.events.routing import TicketSignedV1
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record
from routing_svc.domain import tickets
from routing_svc.domain.scope import assignments_of


async def sign_ticket(work: TicketWork, command: Command) -> Held:
    """Sign the assignment of the caller's unit or, if that is signed, the next one below it."""
    held = await work.hold(command.ticket_id)
    own = assignments_of(held.ticket, command.actor)
    command.expected.check(held.ticket.version)
    charge = next((charge for charge in own if charge.state == "sign_pending"), own[0])

    at = await work.stamp(held.ticket.last_at)
    after = tickets.sign(held.ticket, charge, at)
    event = TicketSignedV1(
        ticket_id=after.ticket_id, hash=UNHASHED, assignment_id=charge.assignment_id, unit=charge.unit
    )
    return await record(work, held, after, event, command.actor, at)
