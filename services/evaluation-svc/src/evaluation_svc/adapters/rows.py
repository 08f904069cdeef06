"""Rows to values and back."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from evaluation_svc.application.ports import HistoryRow
from evaluation_svc.domain.evaluations import Evaluation
from evaluation_svc.domain.follow_ups import Attempt, FollowUp
from evaluation_svc.domain.ratings import Rating

Columns = list[list[Any]]


def follow_up_of(row: asyncpg.Record) -> FollowUp:
    return FollowUp(
        follow_up_id=row["follow_up_id"],
        round=row["round"],
        unit=row["unit"],
        since=row["since"],
        opened_at=row["opened_at"],
        attempts=tuple(Attempt(outcome, at) for outcome, at in row["attempts"]),
        outcome=row["outcome"],
        ended_at=row["ended_at"],
    )


def rating_of(row: asyncpg.Record) -> Rating | None:
    """The follow-up's rating; None while it has none."""
    if row["rating_id"] is None:
        return None
    return Rating(
        rating_id=row["rating_id"],
        follow_up_id=row["follow_up_id"],
        round=row["round"],
        unit=row["unit"],
        level=row["level"],
        solved=row["solved"],
        redo_requested=row["redo_requested"],
        via=row["via"],
        given_at=row["given_at"],
        state=row["state"],
        formed_at=row["formed_at"],
        stands_in=row["stands_in"],
    )


def evaluation_of(head: asyncpg.Record, tasks: Sequence[asyncpg.Record]) -> Evaluation:
    ratings = (rating_of(row) for row in tasks)
    return Evaluation(
        ticket_id=head["ticket_id"],
        ticket_no=head["ticket_no"],
        closed_at=head["closed_at"],
        version=head["version"],
        last_at=head["last_at"],
        last_hash=head["last_hash"],
        follow_ups=tuple(follow_up_of(row) for row in tasks),
        ratings=tuple(rating for rating in ratings if rating is not None),
    )


def columns_of(evaluations: Sequence[Evaluation], rows: Sequence[HistoryRow]) -> Columns:
    """The arrays that ``statements.SAVE`` takes, but for the outbox."""
    return [
        *_columns(
            5,
            [(one.ticket_id, one.closed_at, one.version, one.last_at, one.last_hash) for one in evaluations],
        ),
        *_columns(8, [_task(one, task) for one in evaluations for task in one.follow_ups]),
        *_columns(
            4,
            [
                (task.follow_up_id, number, attempt.outcome, attempt.at)
                for one in evaluations
                for task in one.follow_ups
                for number, attempt in enumerate(task.attempts, 1)
            ],
        ),
        *_columns(13, [_rating(one, rating) for one in evaluations for rating in one.ratings]),
        *_columns(8, [_item(row) for row in rows]),
    ]


def _columns(width: int, rows: Sequence[tuple[Any, ...]]) -> Columns:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _task(evaluation: Evaluation, task: FollowUp) -> tuple[Any, ...]:
    return (
        task.follow_up_id,
        evaluation.ticket_id,
        task.round,
        task.unit,
        task.since,
        task.opened_at,
        task.outcome,
        task.ended_at,
    )


def _rating(evaluation: Evaluation, rating: Rating) -> tuple[Any, ...]:
    return (
        rating.rating_id,
        rating.follow_up_id,
        evaluation.ticket_id,
        rating.round,
        rating.unit,
        rating.level,
        rating.solved,
        rating.redo_requested,
        rating.via,
        rating.given_at,
        rating.state,
        rating.formed_at,
        rating.stands_in,
    )


def _item(row: HistoryRow) -> tuple[Any, ...]:
    return (row.ticket_id, row.seq, row.event_id, row.type, row.at, row.item, row.previous_hash, row.hash)
