"""Use case: what clocks tell becomes what is due, and whether it was done in time."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

from evaluation_svc.application.follow_tickets import NeverApplicable
from evaluation_svc.application.ports import ClockStore
from evaluation_svc.domain.due_tickets import ClockStep, DutyClock, UnknownClock, due_ticket, step

Pair: TypeAlias = tuple[UUID, str]
"""A ticket and a unit that led its handling: what is on time, or not, once."""


async def follow_clocks(store: ClockStore, steps: Sequence[ClockStep]) -> None:
    """Apply a batch of measured clocks' facts, in order. Source: rule N9.

    Raises:
        NeverApplicable: a clock's history is broken; nothing was written.
    """
    found = await store.of_tickets({taken.ticket_id for taken in steps})
    clocks = {clock.clock_id: clock for clock in found}
    for taken in steps:
        try:
            clocks[taken.clock_id] = step(clocks.get(taken.clock_id), taken)
        except UnknownClock as refused:
            raise NeverApplicable(taken.cause_id, str(refused)) from refused
    touched = {taken.clock_id for taken in steps}
    pairs: dict[Pair, list[DutyClock]] = defaultdict(list)
    for clock in clocks.values():
        pairs[(clock.ticket_id, clock.unit)].append(clock)
    moved = {(clocks[clock_id].ticket_id, clocks[clock_id].unit) for clock_id in touched}
    due = [due_ticket(ticket_id, unit, pairs[(ticket_id, unit)]) for ticket_id, unit in sorted(moved)]
    await store.put([clocks[clock_id] for clock_id in sorted(touched)], due)
