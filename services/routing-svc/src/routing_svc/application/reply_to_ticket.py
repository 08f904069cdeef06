"""Use case: the lead answers, and the answer goes to review."""

from hotline_contracts.events.routing import TicketRepliedV1
from hotline_contracts.problems import Forbidden
from hotline_contracts.values import Determination
from routing_svc.application.ports import Held, TicketWork
from routing_svc.application.record_act import UNHASHED, Command, record, seal
from routing_svc.domain import tickets
from routing_svc.domain.scope import assignments_of


async def reply_to_ticket(
    work: TicketWork, command: Command, text: str, determination: Determination
) -> Held:
    """Answer for the lead; the unit proposes a closing determination. Source: rule H3.

    Raises:
        Forbidden: the caller's unit only supports.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    held = await work.hold(command.ticket_id)
    own = assignments_of(held.ticket, command.actor)
    lead = next((charge for charge in own if charge.role == "lead"), None)
    if lead is None:
        raise Forbidden("只有主办单位可以答复，本单位是该工单的协办单位。")
    command.expected.check(held.ticket.version)

    at = await work.stamp(held.ticket.last_at)
    after = tickets.reply(held.ticket, lead, determination, command.actor.sub, at)
    answer = seal(held, text, "reply", at)
    event = TicketRepliedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignment_id=lead.assignment_id,
        unit=lead.unit,
        round=after.round,
        determination=determination,
        text_id=answer.text_id,
    )
    return await record(work, held, after, event, command.actor, at, [answer])
