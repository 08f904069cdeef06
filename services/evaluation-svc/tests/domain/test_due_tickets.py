"""On time or not, from a unit's clocks of one ticket."""

from datetime import datetime, timedelta, timezone
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation_svc.domain.due_tickets import ClockStep, DutyClock, UnknownClock, due_ticket, step

SHANGHAI = timezone(timedelta(hours=8))
FEBRUARY = datetime(2026, 2, 27, 17, tzinfo=SHANGHAI)
MARCH = datetime(2026, 3, 4, 17, tzinfo=SHANGHAI)
TICKET = UUID(int=1)


def clock(state: Any, due_at: datetime = FEBRUARY, *, red: bool = False, number: int = 1) -> DutyClock:
    return DutyClock(UUID(int=number), TICKET, "u", due_at, state, red)


HANDLE_AND_REDO: list[tuple[list[DutyClock], str, datetime]] = [
    ([clock("met")], "on_time", FEBRUARY),
    ([clock("late", red=True)], "late", FEBRUARY),
    ([clock("running")], "not_due", FEBRUARY),
    ([clock("running", red=True)], "late", FEBRUARY),
    ([clock("cancelled")], "cancelled", FEBRUARY),
    # A red earned before the duty fell away stands.
    ([clock("cancelled", red=True)], "late", FEBRUARY),
    # Every clock must be in time, and the last deadline names the month.
    ([clock("met"), clock("met", MARCH)], "on_time", MARCH),
    ([clock("met"), clock("late", MARCH, red=True)], "late", MARCH),
    ([clock("late", red=True), clock("met", MARCH)], "late", MARCH),
    ([clock("met"), clock("running", MARCH)], "not_due", MARCH),
    ([clock("late", red=True), clock("running", MARCH)], "late", MARCH),
    # A cancelled clock says nothing beside others, not even when it would have been due.
    ([clock("met"), clock("cancelled", MARCH)], "on_time", FEBRUARY),
    ([clock("cancelled", MARCH), clock("cancelled")], "cancelled", MARCH),
]


@pytest.mark.rule("N9")
@pytest.mark.parametrize(("clocks", "standing", "due_at"), HANDLE_AND_REDO)
def test_what_a_units_clocks_of_one_ticket_come_to(
    clocks: list[DutyClock], standing: str, due_at: datetime
) -> None:
    for order in permutations(clocks):
        found = due_ticket(TICKET, "u", order)
        assert (found.standing, found.due_at) == (standing, due_at)


def taken(kind: Any, **more: Any) -> ClockStep:
    return ClockStep(kind, UUID(int=9), UUID(int=1), TICKET, "u", **more)


def folded(*steps: ClockStep) -> DutyClock:
    found = None
    for one in steps:
        found = step(found, one)
    assert found is not None
    return found


@pytest.mark.rule("N9")
def test_a_reopened_clock_is_due_when_it_was_reopened_to() -> None:
    started, met = taken("started", due_at=FEBRUARY), taken("met", state="met")
    reopened = taken("reopened", due_at=MARCH)
    assert folded(started, met, reopened) == clock("running", MARCH)
    assert folded(started, met, reopened, met) == clock("met", MARCH)


def test_a_red_stands_through_reopening_and_cancelling() -> None:
    steps = [taken("started", due_at=FEBRUARY), taken("turned_red"), taken("met", state="late")]
    assert folded(*steps, taken("reopened", due_at=MARCH)).red
    assert folded(*steps, taken("cancelled")) == clock("cancelled", red=True)


@given(st.sampled_from(["met", "reopened", "cancelled", "turned_red"]))
def test_a_clock_that_never_started_cannot_go_on(kind: str) -> None:
    with pytest.raises(UnknownClock):
        step(None, taken(kind))
