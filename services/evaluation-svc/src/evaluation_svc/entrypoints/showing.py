"""What readers are shown of ratings, follow-ups and scorecards."""

from uuid import UUID

from evaluation_svc.application.draw_scorecard import Scorecard
from evaluation_svc.application.queries import TaskShown
from evaluation_svc.domain.evaluations import Evaluation, follow_up_named
from evaluation_svc.domain.ratings import Rating
from evaluation_svc.domain.scorecards import Indicator, Item, half_up
from evaluation_svc.entrypoints.schemas import (
    AttemptOut,
    FollowUpOut,
    IndicatorOut,
    RatingOut,
    ScorecardOut,
    ScoreOut,
)


def rating_shown(ticket_id: UUID, rating: Rating) -> RatingOut:
    return RatingOut(
        rating_id=rating.rating_id,
        ticket_id=ticket_id,
        round=rating.round,
        level=rating.level,
        solved=rating.solved,
        redo_requested=rating.redo_requested,
        formed_at=rating.formed_at,
    )


def task_shown(shown: TaskShown) -> FollowUpOut:
    task = shown.follow_up
    return FollowUpOut(
        follow_up_id=task.follow_up_id,
        ticket_id=shown.ticket_id,
        ticket_no=shown.ticket_no,
        round=task.round,
        unit=task.unit,
        state="open" if task.is_open else "ended",
        outcome=task.outcome,
        since=task.since,
        ended_at=task.ended_at,
        attempts=[
            AttemptOut(attempt=number, outcome=one.outcome, at=one.at)
            for number, one in enumerate(task.attempts, 1)
        ],
        rating=None if shown.rating is None else rating_shown(shown.ticket_id, shown.rating),
    )


def task_of(evaluation: Evaluation, follow_up_id: UUID) -> FollowUpOut:
    task = follow_up_named(evaluation, follow_up_id)
    rating = next((one for one in evaluation.ratings if one.follow_up_id == follow_up_id), None)
    return task_shown(TaskShown(evaluation.ticket_id, evaluation.ticket_no, task, rating))


def scorecard_shown(drawn: Scorecard) -> ScorecardOut:
    return ScorecardOut(
        month=str(drawn.month),
        version=drawn.version,
        policy_version=drawn.policy_version,
        items=[_item(item) for item in drawn.items],
    )


def _item(item: Item) -> ScoreOut:
    scored = item.scored
    return ScoreOut(
        unit=scored.unit,
        group=scored.group,
        score=float(scored.score),
        rank=item.rank,
        bottom=item.bottom,
        indicators=[_indicator(indicator) for indicator in scored.indicators],
    )


def _indicator(indicator: Indicator) -> IndicatorOut:
    return IndicatorOut(
        name=indicator.name,
        points=float(half_up(indicator.points)),
        of=indicator.of,
        numerator=indicator.numerator,
        denominator=indicator.denominator,
        excluded=dict(indicator.excluded),
    )
