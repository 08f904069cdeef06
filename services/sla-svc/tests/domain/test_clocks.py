"""Boundaries of one clock, to the microsecond."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sla_svc.domain import clocks

Local = Callable[[str], datetime]
MICROSECOND = timedelta(microseconds=1)
DELIVERED = "2026-09-30 15:30"


@pytest.fixture
def handled(ticket: Any, local: Local) -> Any:
    """A help ticket: handling due 2026-10-13 17:00, yellow 2026-10-12 17:00."""
    ticket.fold([ticket.dispatched(local(DELIVERED)), ticket.act("signed", local(DELIVERED) + MICROSECOND)])
    return ticket


@pytest.mark.rule("T3")
def test_exactly_at_the_deadline_is_in_time(handled: Any) -> None:
    due = handled.clock("handle").due_at
    handled.fold([handled.act("replied", due)])
    assert handled.clock("handle").state == "met"
    assert [card for _, card, _ in handled.cards("handle")] == ["green", "yellow"]


@pytest.mark.rule("T3")
def test_one_microsecond_after_the_deadline_is_late_and_the_red_says_the_deadline(handled: Any) -> None:
    due = handled.clock("handle").due_at
    handled.fold([handled.act("replied", due + MICROSECOND)])
    assert handled.clock("handle").state == "late"
    assert handled.cards("handle")[-1] == ("yellow", "red", due)


@pytest.mark.rule("T3")
def test_a_duty_met_exactly_at_the_warning_prevents_the_yellow(handled: Any) -> None:
    warn = handled.clock("handle").warn_at
    handled.fold([handled.act("replied", warn)])
    assert [card for _, card, _ in handled.cards("handle")] == ["green"]


@pytest.mark.rule("T3")
def test_a_duty_met_one_microsecond_after_the_warning_was_yellow(handled: Any) -> None:
    warn = handled.clock("handle").warn_at
    handled.fold([handled.act("replied", warn + MICROSECOND)])
    assert handled.cards("handle")[-1] == ("green", "yellow", warn)


def test_an_instant_that_is_only_reached_has_not_passed(handled: Any) -> None:
    clock = handled.clock("handle")
    assert clocks.advance(clock, clock.warn_at) == (clock, [])
    warned, [yellow] = clocks.advance(clock, clock.warn_at + MICROSECOND)
    assert (yellow.at, warned.next_transition_at) == (clock.warn_at, clock.due_at)
    assert clocks.advance(warned, clock.due_at) == (warned, [])


@pytest.mark.rule("T4")
def test_a_warning_at_the_very_start_is_yellow_from_the_start(ticket: Any, local: Local) -> None:
    delivered = local("2026-09-28 17:00")  # sign is due on the 29th at 17:00, warned at this very instant
    ticket.fold([ticket.dispatched(delivered)])
    assert ticket.clock("sign").warn_at == delivered
    assert ticket.cards("sign") == [(None, "yellow", delivered)]


def test_a_red_clock_runs_on_and_nothing_further_happens_to_it(handled: Any, local: Local) -> None:
    handled.advance(local("2026-12-01 00:00"))
    clock = handled.clock("handle")
    assert (clock.state, clock.card, clock.next_transition_at) == ("running", "red", None)


def test_an_ended_clock_can_neither_be_met_nor_cancelled_nor_lapse(handled: Any, local: Local) -> None:
    sign = handled.clock("sign")
    for act in (clocks.meet, clocks.cancel, clocks.lapse):
        assert act(sign, local("2026-10-01 00:00")) == (sign, [])


def test_a_window_is_neither_met_nor_cancelled(handled: Any, local: Local) -> None:
    window = handled.clock("return_window")
    assert clocks.meet(window, local("2026-09-30 16:00")) == (window, [])
    assert clocks.cancel(window, local("2026-09-30 16:00")) == (window, [])


def test_a_clocks_changes_are_numbered_without_a_gap_and_their_ids_differ(handled: Any, local: Local) -> None:
    handled.advance(local("2026-12-01 00:00"))
    handle = handled.clock("handle").clock_id
    steps = [change for change in handled.changes if change.clock.clock_id == handle]
    assert [change.clock.sequence for change in steps] == [1, 2, 3, 4]
    assert len({clocks.event_id_of(change) for change in steps}) == 4
    assert len({clocks.card_id_of(change) for change in steps[1:]}) == 3
