"""The clock of a redo: the lead's own, in round 2, beside a first handling that is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

Local = Callable[[str], datetime]
HOUR = timedelta(hours=1)
LATER = timedelta(days=40)


def lived(ticket: Any, ordered_at: datetime, type_: str = "help", emergent: str | None = None) -> Any:
    """A ticket that was handled in time, and whose redo is ordered."""
    delivered = ordered_at - 6 * HOUR
    ticket.fold(
        [
            ticket.dispatched(delivered, type_, emergent=emergent),
            ticket.act("signed", delivered + timedelta(minutes=1)),
            ticket.act("replied", delivered + HOUR),
            ticket.act("reply_approved", delivered + 2 * HOUR),
            ticket.redo_ordered(ordered_at, type_, emergent=emergent),
        ]
    )
    return ticket


@pytest.mark.rule("I3")
@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("type_", "ordered", "yellow", "due"),
    [
        ("complaint", "2026-09-28 10:00", "2026-10-09 17:00", "2026-10-10 17:00"),  # example 7
        ("consultation", "2026-04-03 15:00", "2026-04-07 09:00", "2026-04-07 17:00"),  # example 8
        ("help", "2026-03-02 10:00", "2026-03-03 17:00", "2026-03-04 17:00"),
    ],
)
def test_examples_7_and_8_a_redo_counts_from_its_order(
    ticket: Any, local: Local, type_: str, ordered: str, yellow: str, due: str
) -> None:
    lived(ticket, local(ordered), type_)
    redo = ticket.clock("redo")
    assert (redo.assignment_id, redo.unit, redo.round) == (ticket.lead, "520400-D01", 2)
    ticket.advance(local(ordered) + LATER)
    assert ticket.cards("redo") == [
        (None, "green", local(ordered)),
        ("green", "yellow", local(yellow)),
        ("yellow", "red", local(due)),
    ]


@pytest.mark.rule("I3")
def test_a_redo_of_praise_has_no_limit(ticket: Any, local: Local) -> None:
    lived(ticket, local("2026-03-02 16:00"), "praise")
    assert {clock.duty for clock in ticket.clocks.values()} == {"sign", "return_window"}


@pytest.mark.rule("N7")
def test_a_redo_delivers_nothing_so_no_interim_opinion_is_owed_anew(ticket: Any, local: Local) -> None:
    lived(ticket, local("2026-03-02 16:00"), emergent="public_safety")
    interim = [clock for clock in ticket.clocks.values() if clock.duty == "interim_feedback"]
    assert [(clock.round, clock.state) for clock in interim] == [(1, "met")]
    assert {clock.duty for clock in ticket.clocks.values() if clock.round == 2} == {"redo"}


@pytest.mark.rule("I3")
def test_the_second_reply_meets_the_redo_and_leaves_the_first_handling_alone(
    ticket: Any, local: Local
) -> None:
    ordered = local("2026-03-02 16:00")
    lived(ticket, ordered)
    handle = ticket.clock("handle")
    changes = ticket.fold([ticket.act("replied", ordered + HOUR, round=2)])
    assert [(change.kind, change.clock.duty) for change in changes] == [("met", "redo")]
    assert ticket.clock("handle") == handle


@pytest.mark.rule("I3")
def test_a_rejection_in_round_2_reopened_the_first_handling_as_well(ticket: Any, local: Local) -> None:
    ordered = local("2026-03-02 16:00")  # due Wed 2026-03-04 17:00
    lived(ticket, ordered)
    handle = ticket.clock("handle")
    ticket.fold([ticket.act("replied", local("2026-03-04 16:00"), round=2)])
    changes = ticket.fold([ticket.act("reply_rejected", local("2026-03-04 16:30"), rejections=1, round=2)])
    assert {change.clock.duty for change in changes} == {"redo"}
    assert ticket.clock("handle") == handle
    redo = ticket.clock("redo")
    # The first rejection of this round gives a working day, as the first one of round 1 did.
    assert (redo.state, redo.due_at) == ("running", local("2026-03-05 17:00"))


@pytest.mark.rule("I3")
def test_a_late_rejection_of_round_1_touches_no_redo(ticket: Any, local: Local) -> None:
    """Facts of one round never reach the other's clock, in whatever order a publisher may send them."""
    ordered = local("2026-03-02 16:00")
    lived(ticket, ordered)
    redo = ticket.clock("redo")
    ticket.fold([ticket.act("replied", ordered + HOUR), ticket.act("reply_rejected", ordered + 2 * HOUR)])
    assert ticket.clock("redo") == redo


@pytest.mark.rule("I3")
def test_closing_cancels_a_redo_that_still_runs(ticket: Any, local: Local) -> None:
    ordered, closed = local("2026-03-02 16:00"), local("2026-03-03 09:00")
    lived(ticket, ordered)
    ticket.fold([ticket.act("closed", closed)])
    assert (ticket.clock("redo").state, ticket.clock("redo").stopped_at) == ("cancelled", closed)
    assert ticket.clock("handle").state == "met"
