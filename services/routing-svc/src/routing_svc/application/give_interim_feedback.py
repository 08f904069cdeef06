"""Use case: a unit gives its interim opinion (阶段性办理意见)."""

from hotline_contracts.events.routing import TicketInterimFeedbackGivenV1
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record, seal
from routing_svc.domain import tickets
from routing_svc.domain.scope import assignments_of


async def give_interim_feedback(work: TicketWork, command: Command, text: str) -> Held:
    """Record it for the unit's own assignment, beside its ordinary duties. Source: rule N7."""
    held = await work.hold(command.ticket_id)
    charge = assignments_of(held.ticket, command.actor)[0]
    command.expected.check(held.ticket.version)
    after = tickets.give_interim_feedback(held.ticket, charge)

    at = await work.stamp(held.ticket.last_at)
    feedback = seal(held, text, "interim_feedback", at)
    event = TicketInterimFeedbackGivenV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=charge.assignment_id,
        unit=charge.unit,
        text_id=feedback.text_id,
    )
    return await record(work, held, after, event, command.actor, at, [feedback])
