"""How one ticket was received: its follow-ups and ratings, and every way they can change.

Each function takes the evaluation and gives it back with the changes in order, each with an instant of its
own: the first one's is given, the next ones follow by a microsecond. Nothing here knows the present.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from evaluation_svc.domain.follow_ups import Attempt, FollowUp, outcome_after
from evaluation_svc.domain.ratings import Opinion, Rating, insist_on_first_round
from hotline_contracts.problems import NotAllowedInState, NotFound, Refusal
from hotline_contracts.values import AttemptOutcome, FollowUpOutcome
from hotline_worktime.policy import FollowUpRules

ChangeKind: TypeAlias = Literal["opened", "attempted", "ended", "given", "formed"]

_MICROSECOND = timedelta(microseconds=1)


class AlreadyRated(Refusal):
    """The follow-up has its rating; if a redo may still be coming, so may the next follow-up."""

    slug = "already-rated"

    def __init__(self, *, passing: bool) -> None:
        super().__init__("本次办理已评价过。")
        self.passing = passing


class NoOpenFollowUp(NotAllowedInState):
    """Nobody is to be asked now; while the ticket is open, an approval may be on its way."""

    def __init__(self, action: str, state: str, *, passing: bool) -> None:
        super().__init__(action, state, [])
        self.passing = passing


class BrokenHistory(Exception):
    """A fact of routing-svc contradicts what it told before."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One ticket's.

    Attributes:
        follow_ups: by round.
        ratings: by round, at most one for each follow-up.
        version, last_at, last_hash: head of the history chain; ``last_at`` is None before the first item.
    """

    ticket_id: UUID
    ticket_no: str
    closed_at: datetime | None
    version: int
    last_at: datetime | None
    last_hash: str
    follow_ups: tuple[FollowUp, ...] = ()
    ratings: tuple[Rating, ...] = ()

    @property
    def open_follow_up(self) -> FollowUp | None:
        return next((task for task in self.follow_ups if task.is_open), None)

    @property
    def pending_rating(self) -> Rating | None:
        return next((rating for rating in self.ratings if rating.state == "pending"), None)


@dataclass(frozen=True, slots=True)
class Change:
    """One step: the follow-up as it stands after it, and the rating where one was given or formed."""

    kind: ChangeKind
    at: datetime
    follow_up: FollowUp
    rating: Rating | None = None


Changed: TypeAlias = tuple[Evaluation, list[Change]]


def open_follow_up(
    evaluation: Evaluation, *, follow_up_id: UUID, unit: str, round_: int, since: datetime, at: datetime
) -> Changed:
    """A reply was approved at ``since``: its requester is to be asked.

    Raises:
        BrokenHistory: this round has been approved before.
    """
    if any(task.round == round_ for task in evaluation.follow_ups):
        raise BrokenHistory(f"round {round_} of ticket {evaluation.ticket_id} was approved twice")
    task = FollowUp(follow_up_id, round_, unit, since, at)
    return _with_follow_up(evaluation, task), [Change("opened", at, task)]


def attempt(
    evaluation: Evaluation, follow_up_id: UUID, outcome: AttemptOutcome, at: datetime, rules: FollowUpRules
) -> Changed:
    """Somebody tried to reach the requester; may end the follow-up, and let the first rating stand.

    Raises:
        NotFound: the ticket has no such follow-up.
        NoOpenFollowUp: it has ended.
    """
    task = follow_up_named(evaluation, follow_up_id)
    if not task.is_open:
        raise NoOpenFollowUp("attempts", "ended", passing=False)
    task = replace(task, attempts=(*task.attempts, Attempt(outcome, at)))
    evaluation, changes = _with_follow_up(evaluation, task), [Change("attempted", at, task)]
    ending = outcome_after(task.attempts, rules)
    if ending is None:
        return evaluation, changes
    return _then(evaluation, changes, lambda before, after: _end_unrated(before, task, ending, at, after))


def rate(
    evaluation: Evaluation, follow_up_id: UUID | None, rating_id: UUID, opinion: Opinion, at: datetime
) -> Changed:
    """The requester rated the handling: ends the follow-up, and forms the rating unless a redo is asked for.

    The second round's rating takes the place of the first. Source: rule I3.

    Raises:
        NotFound: the named follow-up is not this ticket's.
        AlreadyRated, NoOpenFollowUp: there is nothing to rate, or not yet.
        InvalidInput: a second redo was asked for.
    """
    task = _to_be_rated(evaluation, follow_up_id)
    insist_on_first_round(opinion, task.round)
    rating = Rating(
        rating_id=rating_id,
        follow_up_id=task.follow_up_id,
        round=task.round,
        unit=task.unit,
        level=opinion.level,
        solved=opinion.solved,
        redo_requested=opinion.redo_requested,
        via=opinion.via,
        given_at=at,
    )
    replaced = tuple(
        replace(old, state="replaced") if old.state == "pending" else old for old in evaluation.ratings
    )
    evaluation = replace(evaluation, ratings=(*replaced, rating))
    evaluation, changes = _then(
        evaluation,
        [Change("given", at, task, rating)],
        lambda before, after: _end(before, task, "rated", at, after),
    )
    if opinion.redo_requested:
        return evaluation, changes
    return _then(evaluation, changes, lambda before, after: _form(before, rating, after))


def refuse_redo(evaluation: Evaluation, rating_id: UUID, at: datetime) -> Changed:
    """The hotline refused the redo: the first rating is formed. Source: rule I3.

    Raises:
        BrokenHistory: there is no such rating.
    """
    rating = next((rating for rating in evaluation.ratings if rating.rating_id == rating_id), None)
    if rating is None:
        raise BrokenHistory(f"ticket {evaluation.ticket_id} has no rating {rating_id}")
    return _form(evaluation, rating, at) if rating.state == "pending" else (evaluation, [])


def close(evaluation: Evaluation, closed_at: datetime, at: datetime) -> Changed:
    """The ticket was closed: nobody is asked any more, and a rating that waited stands."""
    evaluation = replace(evaluation, closed_at=closed_at)
    if task := evaluation.open_follow_up:
        return _end_unrated(evaluation, task, "not_needed", at, at)
    return _let_first_stand(evaluation, at)


def follow_up_named(evaluation: Evaluation, follow_up_id: UUID) -> FollowUp:
    """The ticket's follow-up of this id.

    Raises:
        NotFound: it has none.
    """
    for task in evaluation.follow_ups:
        if task.follow_up_id == follow_up_id:
            return task
    raise NotFound("未找到该回访任务。")


def _to_be_rated(evaluation: Evaluation, follow_up_id: UUID | None) -> FollowUp:
    if follow_up_id is not None:
        task = follow_up_named(evaluation, follow_up_id)
        if task.is_open:
            return task
        if task.outcome == "rated":
            raise AlreadyRated(passing=False)
        raise NoOpenFollowUp("ratings", "ended", passing=False)
    if evaluation.open_follow_up:
        return evaluation.open_follow_up
    may_come = evaluation.closed_at is None
    last = evaluation.follow_ups[-1] if evaluation.follow_ups else None
    if last is None:
        raise NoOpenFollowUp("ratings", "none", passing=may_come)
    if last.outcome == "rated":
        raise AlreadyRated(passing=may_come and evaluation.pending_rating is not None)
    raise NoOpenFollowUp("ratings", "ended", passing=False)


def _end_unrated(
    evaluation: Evaluation, task: FollowUp, outcome: FollowUpOutcome, ended_at: datetime, at: datetime
) -> Changed:
    """End a follow-up without a rating; if it was the redo's, no second rating comes: the first stands."""
    ended = _end(evaluation, task, outcome, ended_at, at)
    return _then(*ended, _let_first_stand)


def _let_first_stand(evaluation: Evaluation, at: datetime) -> Changed:
    rating = evaluation.pending_rating
    if rating is None:
        return evaluation, []
    redone = any(task.round > rating.round for task in evaluation.follow_ups)
    return _form(evaluation, replace(rating, stands_in=redone), at)


def _end(
    evaluation: Evaluation, task: FollowUp, outcome: FollowUpOutcome, ended_at: datetime, at: datetime
) -> Changed:
    """It ended with the act, at ``ended_at``; that it did is told by a fact of its own, at ``at``."""
    task = replace(task, outcome=outcome, ended_at=ended_at)
    return _with_follow_up(evaluation, task), [Change("ended", at, task)]


def _form(evaluation: Evaluation, rating: Rating, at: datetime) -> Changed:
    formed = replace(rating, state="formed", formed_at=at)
    ratings = tuple(formed if old.rating_id == formed.rating_id else old for old in evaluation.ratings)
    task = follow_up_named(evaluation, formed.follow_up_id)
    return replace(evaluation, ratings=ratings), [Change("formed", at, task, formed)]


def _then(
    evaluation: Evaluation, changes: list[Change], act: Callable[[Evaluation, datetime], Changed]
) -> Changed:
    """Let a further act follow, a microsecond after the last change."""
    evaluation, further = act(evaluation, changes[-1].at + _MICROSECOND)
    return evaluation, [*changes, *further]


def _with_follow_up(evaluation: Evaluation, task: FollowUp) -> Evaluation:
    others = [old for old in evaluation.follow_ups if old.follow_up_id != task.follow_up_id]
    return replace(evaluation, follow_ups=tuple(sorted((*others, task), key=lambda one: one.round)))
