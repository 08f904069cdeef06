"""On time or not: a unit's handling of one ticket, as its clocks tell it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from hotline_contracts.values import ClockState, Duty

MEASURED: frozenset[Duty] = frozenset({"handle", "redo"})
"""Duties of the lead that on time is made of. Source: rule N9."""

ClockStepKind: TypeAlias = Literal["started", "met", "reopened", "cancelled", "turned_red"]
Standing: TypeAlias = Literal["on_time", "late", "cancelled", "not_due"]


@dataclass(frozen=True, slots=True)
class DutyClock:
    """A copy of one of sla-svc's clocks, as far as it is measured."""

    clock_id: UUID
    ticket_id: UUID
    unit: str
    due_at: datetime
    state: ClockState
    red: bool = False


@dataclass(frozen=True, slots=True)
class ClockStep:
    """One fact of a clock; ``due_at`` is told when it starts or is reopened, ``state`` when it is met."""

    kind: ClockStepKind
    cause_id: UUID
    clock_id: UUID
    ticket_id: UUID
    unit: str
    due_at: datetime | None = None
    state: ClockState = "running"


@dataclass(frozen=True, slots=True)
class DueTicket:
    """What one ticket says of one unit; it counts in the month of ``due_at``."""

    ticket_id: UUID
    unit: str
    due_at: datetime
    standing: Standing


class UnknownClock(Exception):
    """A fact of a clock that never started: its publisher's history is broken."""


def step(clock: DutyClock | None, taken: ClockStep) -> DutyClock:
    """The clock after one of its facts.

    Raises:
        UnknownClock: the first fact is not the start.
    """
    if taken.kind == "started" and taken.due_at is not None:
        return DutyClock(taken.clock_id, taken.ticket_id, taken.unit, taken.due_at, "running")
    if clock is None:
        raise UnknownClock(f"clock {taken.clock_id} never started")
    if taken.kind == "turned_red":
        return replace(clock, red=True)
    if taken.kind == "cancelled":
        return replace(clock, state="cancelled")
    return replace(clock, state=taken.state, due_at=taken.due_at or clock.due_at)


def due_ticket(ticket_id: UUID, unit: str, clocks: Iterable[DutyClock]) -> DueTicket:
    """What a unit's clocks of one ticket come to; there is at least one.

    One red or late clock decides, also if a redo still runs. A cancelled clock without a red says nothing
    beside others: only if all were cancelled the ticket is left out. The final ``due_at`` is the latest of
    the clocks that say something. Exactly at the deadline is in time; the clock has decided that already.
    Source: rule N9.
    """
    known = list(clocks)
    speaking = [clock for clock in known if clock.state != "cancelled" or clock.red]
    due_at = max(clock.due_at for clock in speaking or known)
    return DueTicket(ticket_id, unit, due_at, _standing(speaking))


def _standing(speaking: list[DutyClock]) -> Standing:
    if not speaking:
        return "cancelled"
    if any(clock.red or clock.state == "late" for clock in speaking):
        return "late"
    return "not_due" if any(clock.state == "running" for clock in speaking) else "on_time"
