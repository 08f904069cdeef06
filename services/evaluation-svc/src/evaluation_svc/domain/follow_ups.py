"""Asking a requester how the handling was: one task for each approved reply, and its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hotline_contracts.values import AttemptOutcome, FollowUpOutcome
from hotline_worktime.calendars import SHANGHAI
from hotline_worktime.policy import FollowUpRules

ENDING_AT_ONCE: dict[AttemptOutcome, FollowUpOutcome] = {"refused": "refused", "wrong_number": "wrong_number"}
UNSUCCESSFUL: frozenset[AttemptOutcome] = frozenset({"call_later", "unreachable"})
"""Nobody could be asked: these add up to ``unreachable``. An answered call waits for its rating."""


@dataclass(frozen=True, slots=True)
class Attempt:
    outcome: AttemptOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One round's task.

    Attributes:
        unit: who led the handling that is asked about; ratings and exclusions are this unit's.
        since: the approval's instant, from which the duty counts.
        outcome: None while it is open.
        ended_at: the instant of the rating or the attempt that ended it; exactly at the deadline is in time.
    """

    follow_up_id: UUID
    round: int
    unit: str
    since: datetime
    opened_at: datetime
    attempts: tuple[Attempt, ...] = ()
    outcome: FollowUpOutcome | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.outcome is None


def outcome_after(attempts: Sequence[Attempt], rules: FollowUpRules) -> FollowUpOutcome | None:
    """How the attempts, the last one just made, end the follow-up; None if they do not.

    A refusal or a wrong number ends it at once. Otherwise it ends as unreachable once enough attempts were
    unsuccessful, on enough different days (Shanghai): a third call on the first day does not end it, the
    next one on a later day does. Source: rules, section Evaluation, Follow-up.
    """
    if not attempts:
        return None
    if ending := ENDING_AT_ONCE.get(attempts[-1].outcome):
        return ending
    missed = [attempt for attempt in attempts if attempt.outcome in UNSUCCESSFUL]
    days = {attempt.at.astimezone(SHANGHAI).date() for attempt in missed}
    return "unreachable" if len(missed) >= rules.attempts and len(days) >= rules.attempt_days else None
