"""A redo (重办): who may still be given one, and why another may not."""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from hotline_contracts.problems import Refusal
from hotline_contracts.values import RatingLevel

RedoDecision: TypeAlias = Literal["ordered", "refused"]

DISSATISFIED: frozenset[RatingLevel] = frozenset({"dissatisfied", "very_dissatisfied"})


class AlreadyRedone(Refusal):
    slug = "already-redone"


class RedoAlreadyRefused(Refusal):
    slug = "redo-already-refused"


class RedoNotRequested(Refusal):
    slug = "redo-not-requested"


class NotRatedYet(RedoNotRequested):
    """The rating may be on its way: whoever decides at once is not turned away for that."""

    passing = True


OBSTACLES: tuple[type[Refusal], ...] = (AlreadyRedone, RedoAlreadyRefused, RedoNotRequested)
"""Everything that keeps a redo from being decided in a state that would allow it."""


@dataclass(frozen=True, slots=True)
class FirstRating:
    """What the requester said of the first round, as evaluation-svc told it."""

    rating_id: UUID
    level: RatingLevel
    redo_requested: bool

    @property
    def asks_for_redo(self) -> bool:
        """Only who is dissatisfied can ask. Source: rule I3."""
        return self.redo_requested and self.level in DISSATISFIED


def obstacle_to_redo(
    first_rating: FirstRating | None, decision: RedoDecision | None
) -> tuple[type[Refusal], str] | None:
    """What keeps the hotline from deciding on a redo, with its detail; None when it may.

    A redo is decided once: a second one, or one after a refusal, is never due. Source: rule I3.
    """
    if decision == "ordered":
        return AlreadyRedone, "工单已重办过一次，不能再次重办。"
    if decision == "refused":
        return RedoAlreadyRefused, "重办申请已被驳回，不再另作决定。"
    if first_rating is None:
        return NotRatedYet, "诉求人尚未评价首次办理，没有重办申请。"
    if not first_rating.asks_for_redo:
        return RedoNotRequested, "诉求人没有在不满意的首次评价中申请重办。"
    return None
