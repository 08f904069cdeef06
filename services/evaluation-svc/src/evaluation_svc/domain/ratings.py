"""What a requester says of the handling, and whether it counts yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from hotline_contracts.problems import InvalidInput
from hotline_contracts.values import RatingLevel, RatingVia

RatingState: TypeAlias = Literal["pending", "formed", "replaced"]

SATISFIED: frozenset[RatingLevel] = frozenset({"very_satisfied", "satisfied", "basically_satisfied"})
"""The upper three of five levels. Source: rules, section Evaluation, Follow-up."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was said, before it is a rating of anything."""

    level: RatingLevel
    solved: bool
    redo_requested: bool
    via: RatingVia


@dataclass(frozen=True, slots=True)
class Rating:
    """One round's rating.

    Attributes:
        state: ``pending`` while a redo was asked for and it is open whether this rating counts; ``replaced``
            once the second rating counts instead.
        stands_in: formed only because no second rating came after the redo.
    """

    rating_id: UUID
    follow_up_id: UUID
    round: int
    unit: str
    level: RatingLevel
    solved: bool
    redo_requested: bool
    via: RatingVia
    given_at: datetime
    state: RatingState = "pending"
    formed_at: datetime | None = None
    stands_in: bool = False


def insist_on_reason_for_redo(opinion: Opinion) -> None:
    """A redo can be asked only by who is dissatisfied. Source: rule I3.

    Raises:
        InvalidInput: it was asked with one of the upper three levels.
    """
    if opinion.redo_requested and opinion.level in SATISFIED:
        raise InvalidInput.at("body", "/redo_requested", "评价为不满意或非常不满意时才能要求重办。")


def insist_on_first_round(opinion: Opinion, round_: int) -> None:
    """A redo is granted once, so the second rating cannot ask for one. Source: rule I3.

    Raises:
        InvalidInput: it does.
    """
    if opinion.redo_requested and round_ > 1:
        raise InvalidInput.at("body", "/redo_requested", "重办以一次为限，第二次评价不能再要求重办。")
