"""Let time pass for the clocks that change by themselves."""

from collections.abc import Collection
from datetime import datetime

from hotline_contracts.values import Duty
from sla_svc.application.ports import ClockStore, Journal
from sla_svc.application.record_changes import record_changes
from sla_svc.domain.clocks import Change, advance
from sla_svc.domain.rulebook import Rulebook


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
