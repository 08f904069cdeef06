"""Use case: what a requester says of the handling is entered."""

from dataclasses import dataclass
from uuid import UUID

from evaluation_svc.application.ports import EvaluationWork
from evaluation_svc.application.record_changes import record
from evaluation_svc.domain import evaluations
from evaluation_svc.domain.actors import Actor
from evaluation_svc.domain.ratings import Opinion, Rating, insist_on_reason_for_redo
from hotline_contracts.ids import act_id
from hotline_contracts.problems import NotFound


@dataclass(frozen=True, slots=True)
class RatingOrder:
    """A rating to be entered; without ``follow_up_id`` it answers the ticket's open follow-up."""

    ticket_id: UUID
    follow_up_id: UUID | None
    opinion: Opinion


async def rate_handling(work: EvaluationWork, order: RatingOrder, actor: Actor) -> Rating:
    """Store the rating and end its follow-up; formed at once unless a redo is asked for. Source: rule I3.

    Raises:
        InvalidInput: a redo is asked for that cannot be.
        NotFound: no such ticket, or the follow-up is not its own.
        AlreadyRated, NoOpenFollowUp: there is nothing to rate.
    """
    insist_on_reason_for_redo(order.opinion)
    held = (await work.hold([order.ticket_id])).get(order.ticket_id)
    if held is None:
        raise NotFound("未找到该工单。")
    at = await work.stamp(held.last_at)
    after, changes = evaluations.rate(held, order.follow_up_id, act_id(at), order.opinion, at)
    after, rows = record(work, after, changes, actor)
    await work.save([after], rows)
    return after.ratings[-1]
