"""Use case: what happens to tickets opens and ends follow-ups and forms ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from evaluation_svc.application.ports import Charge, EvaluationWork, HistoryRow, NewTicket, TicketStore
from evaluation_svc.application.record_changes import record
from evaluation_svc.domain import evaluations
from evaluation_svc.domain.actors import SYSTEM
from evaluation_svc.domain.evaluations import BrokenHistory, Changed, Evaluation
from hotline_contracts.ids import derived_id

TicketStepKind: TypeAlias = Literal["reply_approved", "redo_refused", "closed"]

_MICROSECOND = timedelta(microseconds=1)


class NeverApplicable(Exception):
    """A fact that no retry can apply: it contradicts its own history.

    Attributes:
        cause_id: the fact's event id.
    """

    def __init__(self, cause_id: UUID, reason: str) -> None:
        super().__init__(reason)
        self.cause_id = cause_id
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TicketStep:
    """A fact of a ticket, as far as its evaluation is concerned.

    Attributes:
        at: the fact's own instant.
        assignment_id, round: of an approved reply.
        rating_id: the one whose redo was refused.
    """

    kind: TicketStepKind
    cause_id: UUID
    ticket_id: UUID
    at: datetime
    assignment_id: UUID | None = None
    round: int = 1
    rating_id: UUID | None = None


async def follow_tickets(
    work: EvaluationWork,
    store: TicketStore,
    tickets: Sequence[NewTicket],
    charges: Sequence[Charge],
    steps: Sequence[TicketStep],
) -> None:
    """Apply a batch. Tickets and charges only add rows, so they may go first whatever their place in it.

    Raises:
        NeverApplicable: nothing may be kept.
    """
    if tickets or charges:
        await store.add(tickets, charges)
    if not steps:
        return
    known = await store.charges({step.assignment_id for step in steps if step.assignment_id is not None})
    held = await work.hold({step.ticket_id for step in steps})
    rows: list[HistoryRow] = []
    for step in steps:
        after, further = await _take(work, step, held, known)
        held[step.ticket_id] = after
        rows += further
    await work.save(list(held.values()), rows)


async def _take(
    work: EvaluationWork, step: TicketStep, held: dict[UUID, Evaluation], charges: dict[UUID, Charge]
) -> tuple[Evaluation, list[HistoryRow]]:
    evaluation = held.get(step.ticket_id)
    if evaluation is None:
        raise NeverApplicable(step.cause_id, f"ticket {step.ticket_id} was never created")
    # Now, but not before its cause (clocks of machines differ), and after what was told last.
    cause = step.at - _MICROSECOND
    at = await work.stamp(cause if evaluation.last_at is None else max(cause, evaluation.last_at))
    try:
        after, changes = _effect(step, evaluation, charges, at)
    except BrokenHistory as refused:
        raise NeverApplicable(step.cause_id, str(refused)) from refused
    return record(work, after, changes, SYSTEM)


def _effect(step: TicketStep, evaluation: Evaluation, charges: dict[UUID, Charge], at: datetime) -> Changed:
    if step.kind == "closed":
        return evaluations.close(evaluation, step.at, at)
    if step.kind == "redo_refused" and step.rating_id is not None:
        return evaluations.refuse_redo(evaluation, step.rating_id, at)
    return evaluations.open_follow_up(
        evaluation,
        follow_up_id=derived_id("follow_up", step.cause_id),
        unit=_whose(step.assignment_id, charges),
        round_=step.round,
        since=step.at,
        at=at,
    )


def _whose(assignment_id: UUID | None, charges: dict[UUID, Charge]) -> str:
    charge = None if assignment_id is None else charges.get(assignment_id)
    if charge is None:
        raise BrokenHistory(f"assignment {assignment_id} was never dispatched")
    return charge.unit
