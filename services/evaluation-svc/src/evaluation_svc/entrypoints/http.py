"""HTTP: ratings, follow-ups and their attempts, scorecards."""

from datetime import datetime
from uuid import UUID

from evaluation_svc.application.draw_scorecard import draw_scorecard
from evaluation_svc.application.queries import FollowUpFilter, FollowUpState
from evaluation_svc.application.rate_handling import RatingOrder, rate_handling
from evaluation_svc.application.record_attempt import record_attempt
from evaluation_svc.domain.actors import CITY_READERS, RATERS, READERS, SCORE_READERS
from evaluation_svc.domain.evaluations import AlreadyRated
from evaluation_svc.domain.months import Month
from evaluation_svc.domain.ratings import Opinion
from evaluation_svc.entrypoints.schemas import (
    AttemptIn,
    FollowUpOut,
    MonthName,
    RatingIn,
    RatingOut,
    ScorecardOut,
)
from evaluation_svc.entrypoints.showing import rating_shown, scorecard_shown, task_of, task_shown
from evaluation_svc.entrypoints.stores import (
    ActorDep,
    ClockDep,
    EvaluationWorkDep,
    FollowUpReaderDep,
    ScorecardReaderDep,
)
from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import WorkRouter
from hotline_contracts.problems import NotAllowedInState, NotFound, Unavailable
from hotline_contracts.values import UnitCode

router = WorkRouter(prefix="/api/v1", tags=["evaluation"])


@router.post(
    "/tickets/{ticket_id}/ratings",
    roles=RATERS,
    status_code=201,
    refuses=[NotFound, AlreadyRated, NotAllowedInState],
)
async def post_rating(ticket_id: UUID, body: RatingIn, work: EvaluationWorkDep, actor: ActorDep) -> RatingOut:
    """Enter what the requester says of the handling; waits a little for an approval that is on its way."""
    opinion = Opinion(body.level, body.solved, body.redo_requested, body.via)
    rating = await rate_handling(work, RatingOrder(ticket_id, body.follow_up_id, opinion), actor)
    return rating_shown(ticket_id, rating)


@router.get("/follow-ups", roles=READERS)
async def list_follow_ups(
    actor: ActorDep,
    reader: FollowUpReaderDep,
    paging: Paging,
    state: FollowUpState | None = None,
    unit: UnitCode | None = None,
    ticket_id: UUID | None = None,
) -> Page[FollowUpOut]:
    """Follow-ups the caller may see, newest approval first."""
    within = actor.confined_to(CITY_READERS)
    wanted = FollowUpFilter(state, unit, ticket_id, within, paging.after(datetime, UUID))
    return paging.page(
        await reader.page(wanted, paging.fetch),
        key=lambda shown: (shown.follow_up.since, shown.follow_up.follow_up_id),
        show=task_shown,
    )


@router.post(
    "/follow-ups/{follow_up_id}/attempts",
    roles=RATERS,
    status_code=201,
    refuses=[NotFound, NotAllowedInState, Unavailable],
)
async def post_attempt(
    follow_up_id: UUID, body: AttemptIn, work: EvaluationWorkDep, actor: ActorDep
) -> FollowUpOut:
    """Record a call; a refusal, a wrong number or too many calls in vain end the follow-up."""
    return task_of(await record_attempt(work, follow_up_id, body.outcome, actor), follow_up_id)


@router.get("/scorecards/{month}", roles=SCORE_READERS, refuses=[Unavailable])
async def get_scorecard(
    month: MonthName,
    actor: ActorDep,
    reader: ScorecardReaderDep,
    clock: ClockDep,
    unit: UnitCode | None = None,
) -> ScorecardOut:
    """The month as it stands now; a unit's person gets the items of its subtree with their true ranks."""
    return scorecard_shown(await draw_scorecard(reader, Month.named(month), unit, actor, clock.now()))
