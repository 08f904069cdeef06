"""Let time pass for the clocks that change by themselves."""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby

from hotline_contracts.values import Duty
from sla_svc.application.ports import ClockStore, Journal
from sla_svc.application.record_changes import record_changes
from sla_svc.domain.clocks import Change, advance
from sla_svc.domain.rulebook import Rulebook

STOPPED_BY: dict[Duty, tuple[str, ...]] = {
    "sign": ("routing.tickets",),
    "handle": ("routing.tickets",),
    "interim_feedback": ("routing.tickets",),
    "return_window": ("routing.tickets",),
}
"""Topics whose facts can stop a duty or use a window: time passes for it only as far as all of them are
known to be applied here. A duty that is not here has no clock."""


def duties_by_topics() -> list[tuple[tuple[str, ...], list[Duty]]]:
    """The duties of ``STOPPED_BY``, those with the same topics together."""
    rows = sorted(STOPPED_BY.items(), key=lambda row: row[1])
    return [(topics, [duty for duty, _ in same]) for topics, same in groupby(rows, key=lambda row: row[1])]


async def pass_time(
    before: datetime,
    duties: Collection[Duty],
    limit: int,
    *,
    journal: Journal,
    store: ClockStore,
    rulebook: Rulebook,
) -> int:
    """Advance up to ``limit`` clocks to ``before``, which itself has not passed; returns how many were.

    Every fact before that instant that could stop these duties must have been applied.
    Source: rules T3, T4 and I4.
    """
    found = await store.lock_due(before, duties, limit)
    changes: list[Change] = []
    for known in found:
        changes += advance(known.clock, before)[1]
    if changes:
        kept = {known.clock.clock_id: known for known in found}
        await record_changes(changes, kept, journal, store, rulebook)
    return len(found)
