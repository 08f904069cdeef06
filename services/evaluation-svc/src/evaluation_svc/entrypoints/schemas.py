"""Bodies and answers of the routes (the public contract's, api.md)."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from evaluation_svc.application.queries import FollowUpState
from hotline_chassis.web.fields import Id, In, Instant, Out
from hotline_contracts.values import AttemptOutcome, FollowUpOutcome, RatingLevel, RatingVia, UnitGroup
from hotline_worktime.policy import IndicatorName

MonthName = Annotated[
    str, Path(pattern=r"^[12][0-9]{3}-(?:0[1-9]|1[0-2])$", description="Month, as 2026-02.")
]


class RatingIn(In):
    level: RatingLevel
    solved: bool
    redo_requested: bool = False
    via: RatingVia = "phone"
    follow_up_id: Id | None = None


class RatingOut(Out):
    """A rating; ``formed_at`` is null while a redo may still replace it."""

    rating_id: UUID
    ticket_id: UUID
    round: int
    level: RatingLevel
    solved: bool
    redo_requested: bool
    formed_at: Instant | None


class AttemptIn(In):
    outcome: AttemptOutcome


class AttemptOut(Out):
    attempt: int
    outcome: AttemptOutcome
    at: Instant


class FollowUpOut(Out):
    """A task; ``since`` is the instant of the approval, from which its clock runs."""

    follow_up_id: UUID
    ticket_id: UUID
    ticket_no: str
    round: int
    unit: str
    state: FollowUpState
    outcome: FollowUpOutcome | None
    since: Instant
    ended_at: Instant | None
    attempts: list[AttemptOut]
    rating: RatingOut | None


class IndicatorOut(Out):
    """``points`` = ``of`` × numerator / denominator, shown with two decimals; the score rounds only its sum."""

    name: IndicatorName
    points: float
    of: int
    numerator: int
    denominator: int
    excluded: dict[str, int]


class ScoreOut(Out):
    unit: str
    group: UnitGroup
    score: float
    rank: int | None
    bottom: bool
    indicators: list[IndicatorOut]


class ScorecardOut(Out):
    """A month's scorecard; version 0 is counted live."""

    month: str
    version: int
    policy_version: int
    items: list[ScoreOut]
