"""Every change of an evaluation ends here: chained to its history, told in an event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from evaluation_svc.application.ports import EvaluationWork, HistoryRow
from evaluation_svc.domain.actors import Actor
from evaluation_svc.domain.evaluations import Change, ChangeKind, Evaluation
from evaluation_svc.domain.ratings import Rating
from hotline_contracts.canonical import canonical, chain_hash, instant_text
from hotline_contracts.events.base import plain
from hotline_contracts.events.evaluation import (
    EvaluationEvent,
    FollowUpAttemptedV1,
    FollowUpEndedV1,
    FollowUpOpenedV1,
    RatingFormedV1,
    RatingGivenV1,
)
from hotline_contracts.ids import act_id, derived_id

UNHASHED = ""
"""Stands in an event until its place in the chain is known."""


def record(
    work: EvaluationWork, evaluation: Evaluation, changes: Sequence[Change], actor: Actor
) -> tuple[Evaluation, list[HistoryRow]]:
    """Announce what happened to an evaluation; gives it back with its new head, and its history items."""
    rows = []
    for change in changes:
        event = _EVENT_OF[change.kind](evaluation.ticket_id, change)
        evaluation, row, event = _chained(evaluation, event, change, actor)
        rows.append(row)
        subject = evaluation.ticket_id
        work.announce(
            event, event_id=row.event_id, subject=subject, key=subject, sequence=row.seq, at=change.at
        )
    return evaluation, rows


def _chained(
    evaluation: Evaluation, event: EvaluationEvent, change: Change, actor: Actor
) -> tuple[Evaluation, HistoryRow, EvaluationEvent]:
    seq, event_id, before = evaluation.version + 1, _event_id(change), evaluation.last_hash
    data = plain(event)
    del data["hash"], data["ticket_id"]
    item = canonical(
        {
            "seq": seq,
            "event_id": str(event_id),
            "type": event.TYPE,
            "at": instant_text(change.at),
            "actor": {"sub": actor.sub, "roles": list(actor.roles), "unit": actor.unit},
            "data": data,
        }
    )
    head = chain_hash(before, item)
    row = HistoryRow(evaluation.ticket_id, seq, event_id, event.TYPE, change.at, item, before, head)
    evaluation = replace(evaluation, version=seq, last_at=change.at, last_hash=head)
    return evaluation, row, msgspec.structs.replace(event, hash=head)


def _event_id(change: Change) -> UUID:
    """Random for what a person did; else made of what it is about, so that a rebuild finds the same."""
    if change.kind in {"attempted", "given"}:
        return act_id(change.at)
    about = change.follow_up.follow_up_id if change.rating is None else change.rating.rating_id
    return derived_id(change.kind, about)


def _opened(ticket_id: UUID, change: Change) -> FollowUpOpenedV1:
    task = change.follow_up
    return FollowUpOpenedV1(
        ticket_id=ticket_id,
        hash=UNHASHED,
        round=task.round,
        follow_up_id=task.follow_up_id,
        unit=task.unit,
        since=task.since,
    )


def _attempted(ticket_id: UUID, change: Change) -> FollowUpAttemptedV1:
    task = change.follow_up
    return FollowUpAttemptedV1(
        ticket_id=ticket_id,
        hash=UNHASHED,
        round=task.round,
        follow_up_id=task.follow_up_id,
        attempt=len(task.attempts),
        outcome=task.attempts[-1].outcome,
    )


def _ended(ticket_id: UUID, change: Change) -> FollowUpEndedV1:
    task = change.follow_up
    if task.outcome is None:
        raise ValueError("an ended follow-up without outcome")
    return FollowUpEndedV1(
        ticket_id=ticket_id,
        hash=UNHASHED,
        round=task.round,
        follow_up_id=task.follow_up_id,
        outcome=task.outcome,
        ended_at=task.ended_at,
    )


def _given(ticket_id: UUID, change: Change) -> RatingGivenV1:
    rating = _rating(change)
    return RatingGivenV1(
        ticket_id=ticket_id,
        hash=UNHASHED,
        round=rating.round,
        rating_id=rating.rating_id,
        follow_up_id=rating.follow_up_id,
        unit=rating.unit,
        level=rating.level,
        solved=rating.solved,
        redo_requested=rating.redo_requested,
        via=rating.via,
    )


def _formed(ticket_id: UUID, change: Change) -> RatingFormedV1:
    rating = _rating(change)
    return RatingFormedV1(
        ticket_id=ticket_id,
        hash=UNHASHED,
        round=rating.round,
        rating_id=rating.rating_id,
        unit=rating.unit,
        level=rating.level,
        solved=rating.solved,
    )


def _rating(change: Change) -> Rating:
    if change.rating is None:
        raise ValueError(f"{change.kind} without a rating")
    return change.rating


_EVENT_OF: Mapping[ChangeKind, Callable[[UUID, Change], EvaluationEvent]] = {
    "opened": _opened,
    "attempted": _attempted,
    "ended": _ended,
    "given": _given,
    "formed": _formed,
}
