"""Fold a batch of ticket facts into the clocks of their tickets."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from hotline_worktime.calendars import OutsideCalendar
from sla_svc.application.ports import ClockStore, Journal
from sla_svc.application.record_changes import record_changes
from sla_svc.domain.clocks import Change
from sla_svc.domain.effects import Happening, TicketClocks, UnknownAssignment, fold
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
    """Apply facts in order, those of one ticket through all its clocks in memory, and write once.

    Raises:
        NeverApplicable: nothing was written.
    """
    found = await store.lock_tickets({happening.ticket_id for happening in happenings})
    kept = {known.clock.clock_id: known for known in found}
    tickets: dict[UUID, TicketClocks] = defaultdict(dict)
    for known in found:
        tickets[known.clock.subject_id][known.clock.clock_id] = known.clock
    changes = [
        change
        for happening in happenings
        for change in _apply(happening, tickets[happening.ticket_id], rulebook)
    ]
    if changes:
        await record_changes(changes, kept, journal, store, rulebook)


def _apply(happening: Happening, ticket: TicketClocks, rulebook: Rulebook) -> list[Change]:
    try:
        return fold(ticket, happening, rulebook)
    except (UnknownAssignment, NoPolicy, OutsideCalendar) as refused:
        raise NeverApplicable(happening.cause_id, str(refused)) from refused
