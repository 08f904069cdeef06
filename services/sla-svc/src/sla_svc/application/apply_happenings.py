"""Fold a batch of facts into the clocks of their subjects."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from hotline_worktime.calendars import OutsideCalendar
from hotline_worktime.policy import NoRule
from sla_svc.application.ports import ClockStore, Journal
from sla_svc.application.record_changes import record_changes
from sla_svc.domain.clocks import Change
from sla_svc.domain.effects import Happening, SubjectClocks, UnknownAssignment, fold
from sla_svc.domain.rulebook import NoPolicy, Rulebook


class NeverApplicable(Exception):
    """A fact that no retry can apply: it contradicts its own history, or lies outside all policies.

    Attributes:
        cause_id: the fact's event id.
    """

    def __init__(self, cause_id: UUID, reason: str) -> None:
        super().__init__(reason)
        self.cause_id = cause_id
        self.reason = reason


async def apply_happenings(
    happenings: Sequence[Happening], journal: Journal, store: ClockStore, rulebook: Rulebook
) -> None:
    """Apply facts in order, those of one subject through all its clocks in memory, and write once.

    Raises:
        NeverApplicable: nothing was written.
    """
    found = await store.lock_subjects({happening.subject_id for happening in happenings})
    kept = {known.clock.clock_id: known for known in found}
    subjects: dict[UUID, SubjectClocks] = defaultdict(dict)
    for known in found:
        subjects[known.clock.subject_id][known.clock.clock_id] = known.clock
    changes = [
        change
        for happening in happenings
        for change in _apply(happening, subjects[happening.subject_id], rulebook)
    ]
    if changes:
        await record_changes(changes, kept, journal, store, rulebook)


def _apply(happening: Happening, subject: SubjectClocks, rulebook: Rulebook) -> list[Change]:
    try:
        return fold(subject, happening, rulebook)
    except (UnknownAssignment, NoPolicy, NoRule, OutsideCalendar) as refused:
        raise NeverApplicable(happening.cause_id, str(refused)) from refused
