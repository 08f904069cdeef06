"""Facts of evaluation-svc, topic ``evaluation.ratings``.

Subject and key are the ticket: all facts about how one ticket was received are one ordered history, whose
rows carry the same ``sequence`` and ``hash``. A follow-up opens and ends in this topic, so its clock needs
no other one.
"""

from typing import ClassVar
from uuid import UUID

from hotline_contracts.events.base import Aware, Event
from hotline_contracts.values import AttemptOutcome, FollowUpOutcome, RatingLevel, RatingVia


class EvaluationEvent(Event, frozen=True, kw_only=True):
    """A fact of the evaluation of one ticket, in one round of its handling (1, or 2 after a redo)."""

    TOPIC: ClassVar[str] = "evaluation.ratings"

    ticket_id: UUID
    round: int
    hash: str


class FollowUpOpenedV1(EvaluationEvent, frozen=True, kw_only=True):
    """The requester is to be asked how the handling was; the 3 working days count from ``since``.

    Sent by: evaluation-svc, once for each approved reply. Read by: sla-svc, which starts ``follow_up``.
    ``since`` is the instant of the approval, never when it was read. Source: rules, Evaluation.
    """

    TYPE: ClassVar[str] = "evaluation.follow_up.opened.v1"

    follow_up_id: UUID
    unit: str
    since: Aware


class FollowUpAttemptedV1(EvaluationEvent, frozen=True, kw_only=True):
    """Somebody tried to reach the requester; ``attempt`` counts from 1 for each follow-up."""

    TYPE: ClassVar[str] = "evaluation.follow_up.attempted.v1"

    follow_up_id: UUID
    attempt: int
    outcome: AttemptOutcome


class FollowUpEndedV1(EvaluationEvent, frozen=True, kw_only=True):
    """The follow-up is over: rated, or outside the denominator for the reason that ``outcome`` says.

    Read by: sla-svc, which meets ``follow_up`` (``not_needed``, the ticket was closed meanwhile, cancels it).
    ``ended_at`` is the instant of the rating or the attempt that ended it, to which the clock is held: this
    fact comes after that one and has a later instant. Older records have none and ended with themselves.
    """

    TYPE: ClassVar[str] = "evaluation.follow_up.ended.v1"

    follow_up_id: UUID
    outcome: FollowUpOutcome
    ended_at: Aware | None = None


class RatingGivenV1(EvaluationEvent, frozen=True, kw_only=True):
    """The requester rated the handling of a round.

    Read by: routing-svc, which lets a dispatcher decide on a redo that was asked for.
    """

    TYPE: ClassVar[str] = "evaluation.rating.given.v1"

    rating_id: UUID
    follow_up_id: UUID
    unit: str
    level: RatingLevel
    solved: bool
    redo_requested: bool
    via: RatingVia


class RatingFormedV1(EvaluationEvent, frozen=True, kw_only=True):
    """A rating stands and counts: no redo was asked, or it was refused, or this is round 2. Source: rule I3."""

    TYPE: ClassVar[str] = "evaluation.rating.formed.v1"

    rating_id: UUID
    unit: str
    level: RatingLevel
    solved: bool
