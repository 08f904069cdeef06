"""What each fact of a ticket does to its clocks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sla_svc.domain.effects import UnknownAssignment

Local = Callable[[str], datetime]
MICROSECOND = timedelta(microseconds=1)


def duties(ticket: Any, assignment_id: Any) -> set[str]:
    return {clock.duty for clock in ticket.clocks.values() if clock.assignment_id == assignment_id}


@pytest.mark.rule("I4")
def test_a_delivery_starts_sign_handle_and_the_return_window(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-03-02 10:00"))])
    assert duties(ticket, ticket.lead) == {"sign", "handle", "return_window"}


@pytest.mark.rule("I4")
def test_praise_has_no_limit_for_handling(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-03-02 10:00"), "praise")])
    assert duties(ticket, ticket.lead) == {"sign", "return_window"}


@pytest.mark.rule("N7")
def test_every_unit_given_an_emergency_owes_an_interim_opinion_but_only_the_lead_a_reply(
    ticket: Any, local: Local
) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold([ticket.dispatched(at, emergent="natural_disaster", with_support=True)])
    assert duties(ticket, ticket.lead) == {"sign", "handle", "return_window", "interim_feedback"}
    assert duties(ticket, ticket.support) == {"sign", "return_window", "interim_feedback"}


@pytest.mark.rule("I4")
def test_signing_meets_the_sign_of_ones_own_assignment_only(ticket: Any, local: Local) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold([ticket.dispatched(at, with_support=True), ticket.act("signed", at + timedelta(hours=1))])
    assert ticket.clock("sign").state == "met"
    assert ticket.clock("sign", ticket.support).state == "running"


@pytest.mark.rule("N7")
def test_an_interim_opinion_meets_its_own_duty_and_leaves_handling_running(ticket: Any, local: Local) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold([ticket.dispatched(at, emergent="public_safety", with_support=True)])
    ticket.fold([ticket.act("interim_feedback_given", at + timedelta(hours=1))])
    assert ticket.clock("interim_feedback").state == "met"
    assert ticket.clock("handle").state == "running"
    assert ticket.clock("interim_feedback", ticket.support).state == "running"


@pytest.mark.rule("N7")
def test_a_full_reply_meets_the_leads_interim_opinion_and_frees_the_others(ticket: Any, local: Local) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold([ticket.dispatched(at, emergent="public_safety", with_support=True)])
    ticket.fold([ticket.act("replied", at + timedelta(minutes=50))])
    assert ticket.clock("handle").state == "met"
    assert ticket.clock("interim_feedback").state == "met"
    assert ticket.clock("interim_feedback", ticket.support).state == "cancelled"
    assert ticket.clock("sign", ticket.support).state == "running"


@pytest.mark.rule("N7")
def test_a_red_earned_before_the_leads_reply_stands_when_the_duty_is_cancelled(
    ticket: Any, local: Local
) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold([ticket.dispatched(at, emergent="public_safety", with_support=True)])
    ticket.fold([ticket.act("replied", at + timedelta(hours=3))])
    interim = ticket.clock("interim_feedback", ticket.support)
    assert (interim.state, interim.card) == ("cancelled", "red")
    assert ticket.clock("interim_feedback").state == "late"


def test_closing_cancels_what_runs_and_lapses_open_windows_at_that_instant(ticket: Any, local: Local) -> None:
    at, closed = local("2026-03-02 10:00"), local("2026-03-02 12:00")
    ticket.fold(
        [ticket.dispatched(at, emergent="public_safety"), ticket.act("signed", local("2026-03-02 10:05"))]
    )
    ticket.fold([ticket.act("closed", closed)])
    assert ticket.clock("sign").state == "met"
    assert [(c.state, c.stopped_at) for c in (ticket.clock("handle"), ticket.clock("interim_feedback"))] == [
        ("cancelled", closed)
    ] * 2
    window = ticket.clock("return_window")
    assert (window.state, window.stopped_at, window.next_transition_at) == ("lapsed", closed, None)


def test_an_approved_reply_changes_no_clock(ticket: Any, local: Local) -> None:
    at = local("2026-03-02 10:00")
    ticket.fold(
        [
            ticket.dispatched(at),
            ticket.act("signed", at + MICROSECOND),
            ticket.act("replied", at + 2 * MICROSECOND),
        ]
    )
    assert ticket.fold([ticket.act("reply_approved", local("2026-03-02 15:00"))]) == []


def test_a_fact_of_an_assignment_that_was_never_dispatched_is_refused(ticket: Any, local: Local) -> None:
    with pytest.raises(UnknownAssignment):
        ticket.fold([ticket.act("signed", local("2026-03-02 10:00"))])


# --- rejected replies: help, delivered Mon 2026-03-02 10:00, due Mon 03-09 17:00, yellow Fri 03-06 17:00 ---


@pytest.fixture
def replied(ticket: Any, local: Local) -> Callable[[str], Any]:
    def reply(at: str) -> Any:
        ticket.fold(
            [ticket.dispatched(local("2026-03-02 10:00")), ticket.act("signed", local("2026-03-02 10:30"))]
        )
        ticket.fold([ticket.act("replied", local(at))])
        return ticket

    return reply


def test_an_early_rejection_keeps_the_old_deadline(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-03 10:00")
    ticket.fold([ticket.act("reply_rejected", local("2026-03-03 11:00"), rejections=1)])
    handle = ticket.clock("handle")
    assert (handle.state, handle.due_at, handle.stopped_at) == ("running", local("2026-03-09 17:00"), None)
    assert [card for _, card, _ in ticket.cards("handle")] == ["green"]


def test_a_first_rejection_on_the_last_day_gives_one_more_working_day(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-09 16:00")
    ticket.fold([ticket.act("reply_rejected", local("2026-03-09 16:30"), rejections=1)])
    handle = ticket.clock("handle")
    assert (handle.due_at, handle.warn_at) == (local("2026-03-10 17:00"), local("2026-03-09 17:00"))
    # It was yellow since Friday; the new warning is half an hour away.
    assert ticket.cards("handle")[-1] == ("yellow", "green", local("2026-03-09 16:30"))
    ticket.advance(local("2026-03-20 00:00"))
    assert ticket.cards("handle")[-2:] == [
        ("green", "yellow", local("2026-03-09 17:00")),
        ("yellow", "red", local("2026-03-10 17:00")),
    ]


def test_a_rejection_after_closing_time_is_yellow_from_the_rejection(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-06 17:00")  # exactly at the warning: still green
    ticket.fold([ticket.act("reply_rejected", local("2026-03-09 18:00"), rejections=1)])
    assert ticket.clock("handle").due_at == local("2026-03-10 17:00")
    assert ticket.cards("handle")[-1] == ("green", "yellow", local("2026-03-09 18:00"))


def test_a_second_rejection_gives_no_grace(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-09 16:00")
    ticket.fold(
        [
            ticket.act("reply_rejected", local("2026-03-09 16:30"), rejections=1),
            ticket.act("replied", local("2026-03-10 16:00")),
            ticket.act("reply_rejected", local("2026-03-10 16:30"), rejections=2),
        ]
    )
    assert ticket.clock("handle").due_at == local("2026-03-10 17:00")
    ticket.fold([ticket.act("replied", local("2026-03-10 17:00"))])
    assert ticket.clock("handle").state == "met"


def test_a_second_rejection_after_the_deadline_is_red_at_the_deadline(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-04 10:00")
    ticket.fold(
        [
            ticket.act("reply_rejected", local("2026-03-04 11:00"), rejections=1),
            ticket.act("replied", local("2026-03-05 10:00")),
            ticket.act("reply_rejected", local("2026-03-09 17:00:00.000001"), rejections=2),
        ]
    )
    assert ticket.cards("handle")[1:] == [("green", "red", local("2026-03-09 17:00"))]
    ticket.fold([ticket.act("replied", local("2026-03-10 10:00"))])
    assert ticket.clock("handle").state == "late"


def test_a_second_rejection_exactly_at_the_deadline_is_not_red_yet(replied: Any, local: Local) -> None:
    ticket = replied("2026-03-04 10:00")
    due = local("2026-03-09 17:00")
    ticket.fold([ticket.act("reply_rejected", local("2026-03-04 11:00"), rejections=1)])
    ticket.fold([ticket.act("replied", local("2026-03-05 10:00"))])
    ticket.fold([ticket.act("reply_rejected", due, rejections=2)])
    assert ticket.cards("handle")[1:] == [("green", "yellow", due)]
    ticket.advance(due + MICROSECOND)
    assert ticket.cards("handle")[-1] == ("yellow", "red", due)


def test_a_red_earned_before_the_rejection_stands_though_the_deadline_moves(
    replied: Any, local: Local
) -> None:
    ticket = replied("2026-03-10 09:00")
    assert ticket.clock("handle").state == "late"
    ticket.fold([ticket.act("reply_rejected", local("2026-03-10 10:00"), rejections=1)])
    handle = ticket.clock("handle")
    assert (handle.due_at, handle.card, handle.next_transition_at) == (local("2026-03-11 17:00"), "red", None)
    ticket.fold([ticket.act("replied", local("2026-03-11 09:00"))])
    assert ticket.clock("handle").state == "late"
