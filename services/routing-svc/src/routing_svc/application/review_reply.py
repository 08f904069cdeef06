"""Use cases: a reviewer approves the lead's reply, or sends it back."""

from hotline_contracts.events.routing import TicketReplyApprovedV1, TicketReplyRejectedV1
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record, seal
from routing_svc.domain import tickets
from routing_svc.domain.scope import ensure_other_than_replier


async def approve_reply(work: TicketWork, command: Command) -> Held:
    """Confirm the reply and its determination; follow-up begins.

    Raises:
        Forbidden: the reviewer wrote the reply.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    held = await work.hold(command.ticket_id)
    ensure_other_than_replier(held.ticket, command.actor)
    command.expected.check(held.ticket.version)
    after = tickets.approve_reply(held.ticket)

    at = await work.stamp(held.ticket.last_at)
    event = TicketReplyApprovedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=tickets.lead_of(after).assignment_id,
        round=after.round,
    )
    return await record(work, held, after, event, command.actor, at)


async def reject_reply(work: TicketWork, command: Command, note: str) -> Held:
    """Let the lead handle again; the note says why."""
    held = await work.hold(command.ticket_id)
    command.expected.check(held.ticket.version)
    after = tickets.reject_reply(held.ticket)

    at = await work.stamp(held.ticket.last_at)
    why = seal(held, note, "rejection", at)
    event = TicketReplyRejectedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=tickets.lead_of(after).assignment_id,
        round=after.round,
        rejections=after.rejections,
        text_id=why.text_id,
    )
    return await record(work, held, after, event, command.actor, at, [why])
