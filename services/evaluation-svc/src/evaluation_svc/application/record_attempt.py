"""Use case: an attempt to reach a requester is recorded."""

from uuid import UUID

from evaluation_svc.application.ports import EvaluationWork
from evaluation_svc.application.record_changes import record
from evaluation_svc.domain import evaluations
from evaluation_svc.domain.actors import Actor
from evaluation_svc.domain.evaluations import Evaluation
from hotline_contracts.values import AttemptOutcome


async def record_attempt(
    work: EvaluationWork, follow_up_id: UUID, outcome: AttemptOutcome, actor: Actor
) -> Evaluation:
    """Store it; the last of too many, a refusal or a wrong number ends the follow-up.

    Raises:
        NotFound: no such follow-up.
        NoOpenFollowUp: it has ended.
        Unavailable: no policy has come yet.
    """
    held = await work.hold_of_follow_up(follow_up_id)
    at = await work.stamp(held.last_at)
    policy = await work.policy_at(at)
    after, changes = evaluations.attempt(held, follow_up_id, outcome, at, policy.follow_up)
    after, rows = record(work, after, changes, actor)
    await work.save([after], rows)
    return after
