"""HTTP: what can be done to a ticket. Every action answers with the ticket as it is afterwards."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Body, Depends, Response

from hotline_chassis.web.etag import IfMatch, show_version
from hotline_chassis.web.routes import WorkRouter
from hotline_chassis.web.work import CallerDep
from hotline_contracts.problems import (
    InvalidInput,
    NoDirectoryMatch,
    NotAllowedInState,
    NotFound,
    StaleVersion,
    Unavailable,
    UnknownUnit,
)
from routing_svc.application.close_ticket import close_ticket
from routing_svc.application.decide_redo import order_redo, refuse_redo
from routing_svc.application.dispatch_ticket import Order, dispatch_ticket
from routing_svc.application.give_interim_feedback import give_interim_feedback
from routing_svc.application.ports import Held
from routing_svc.application.record_act import Command
from routing_svc.application.reply_to_ticket import reply_to_ticket
from routing_svc.application.review_reply import approve_reply, reject_reply
from routing_svc.application.sign_ticket import sign_ticket
from routing_svc.domain.redo import OBSTACLES
from routing_svc.domain.transitions import roles_for
from routing_svc.entrypoints.schemas import (
    DispatchIn,
    InterimFeedbackIn,
    RedoIn,
    RejectIn,
    ReplyIn,
    TicketOut,
)
from routing_svc.entrypoints.showing import ticket_shown
from routing_svc.entrypoints.stores import TicketWorkDep, actor_of

router = WorkRouter(prefix="/api/v1/tickets/{ticket_id}", tags=["tickets"])

REFUSALS = (NotFound, StaleVersion, NotAllowedInState)
WITH_TEXT = (*REFUSALS, Unavailable)
OF_REDO = (*WITH_TEXT, *OBSTACLES)
BY_DIRECTORY = DispatchIn()
WITHOUT_NOTE = RedoIn()


@dataclass(frozen=True, slots=True)
class Asked:
    """An action asked for, and how its answer is shown."""

    command: Command
    response: Response

    def shown(self, held: Held) -> TicketOut:
        show_version(self.response, held.ticket.version)
        return ticket_shown(held, self.command.actor)


async def _asked(ticket_id: UUID, caller: CallerDep, expected: IfMatch, response: Response) -> Asked:
    return Asked(Command(ticket_id, actor_of(caller), expected), response)


AskedDep = Annotated[Asked, Depends(_asked)]


@router.post("/dispatch", roles=roles_for("dispatch"), refuses=[*WITH_TEXT, UnknownUnit, NoDirectoryMatch])
async def dispatch(
    asked: AskedDep, work: TicketWorkDep, body: Annotated[DispatchIn, Body()] = BY_DIRECTORY
) -> TicketOut:
    """Deliver to a lead and supports; without a lead, the dispatch directory's first match."""
    order = Order(body.lead, body.supports, body.note, body.emergent)
    return asked.shown(await dispatch_ticket(work, asked.command, order))


@router.post("/sign", roles=roles_for("sign"), refuses=REFUSALS)
async def sign(asked: AskedDep, work: TicketWorkDep) -> TicketOut:
    """Acknowledge receipt for the caller's unit."""
    return asked.shown(await sign_ticket(work, asked.command))


@router.post("/interim-feedback", roles=roles_for("interim-feedback"), refuses=WITH_TEXT)
async def interim_feedback(asked: AskedDep, work: TicketWorkDep, body: InterimFeedbackIn) -> TicketOut:
    """Give the interim opinion of the caller's unit."""
    return asked.shown(await give_interim_feedback(work, asked.command, body.text))


@router.post("/reply", roles=roles_for("reply"), refuses=WITH_TEXT)
async def reply(asked: AskedDep, work: TicketWorkDep, body: ReplyIn) -> TicketOut:
    """Answer for the lead and propose a closing determination."""
    _refuse_unknown(body.attachments)
    return asked.shown(await reply_to_ticket(work, asked.command, body.text, body.determination))


@router.post("/reply/approve", roles=roles_for("reply/approve"), refuses=REFUSALS)
async def approve(asked: AskedDep, work: TicketWorkDep) -> TicketOut:
    """Confirm the reply under review; never by who wrote it."""
    return asked.shown(await approve_reply(work, asked.command))


@router.post("/reply/reject", roles=roles_for("reply/reject"), refuses=WITH_TEXT)
async def reject(asked: AskedDep, work: TicketWorkDep, body: RejectIn) -> TicketOut:
    """Send the reply under review back to its unit."""
    return asked.shown(await reject_reply(work, asked.command, body.note))


@router.post("/redo", roles=roles_for("redo"), refuses=OF_REDO)
async def redo(
    asked: AskedDep, work: TicketWorkDep, body: Annotated[RedoIn, Body()] = WITHOUT_NOTE
) -> TicketOut:
    """Order the redo that a dissatisfied first rating asked for; once only."""
    return asked.shown(await order_redo(work, asked.command, body.note))


@router.post("/redo/refuse", roles=roles_for("redo/refuse"), refuses=OF_REDO)
async def refuse(asked: AskedDep, work: TicketWorkDep, body: RejectIn) -> TicketOut:
    """Refuse the redo that was asked for; the ticket stays in follow-up."""
    return asked.shown(await refuse_redo(work, asked.command, body.note))


@router.post("/close", roles=roles_for("close"), refuses=REFUSALS)
async def close(asked: AskedDep, work: TicketWorkDep) -> TicketOut:
    """Close with the approved determination."""
    return asked.shown(await close_ticket(work, asked.command))


def _refuse_unknown(attachments: list[UUID]) -> None:
    """No attachment is known to this service, so a reply cannot name one."""
    if attachments:
        raise InvalidInput(
            "输入未通过校验。",
            errors=[
                {"in": "body", "pointer": f"/attachments/{place}", "message": "附件不存在。"}
                for place in range(len(attachments))
            ],
        )
