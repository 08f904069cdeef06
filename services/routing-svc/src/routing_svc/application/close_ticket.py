"""Use case: close a ticket with the determination that was approved."""

from hotline_contracts.events.routing import TicketClosedV1
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record
from routing_svc.domain import tickets


async def close_ticket(work: TicketWork, command: Command) -> Held:
    """End the ticket; what still runs elsewhere is cancelled by this fact. Source: rule H3."""
    held = await work.hold(command.ticket_id)
    command.expected.check(held.ticket.version)
    after = tickets.close(held.ticket)

    at = await work.stamp(held.ticket.last_at)
    event = TicketClosedV1(
        ticket_id=after.ticket_id, hash=UNHASHED, determination=tickets.determination_of(after)
    )
    return await record(work, held, after, event, command.actor, at)
