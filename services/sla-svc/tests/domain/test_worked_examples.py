"""The catalogue's worked examples, for the duties that run as clocks, through the fold itself."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

Local = Callable[[str], datetime]
LATER = timedelta(days=40)


@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
def test_example_1_a_sign_delivered_on_friday_evening_is_yellow_from_the_start(
    ticket: Any, local: Local
) -> None:
    delivered = local("2026-02-13 18:30")
    ticket.fold([ticket.dispatched(delivered)])
    assert ticket.clock("sign").due_at == local("2026-02-14 17:00")
    assert ticket.cards("sign") == [(None, "yellow", delivered)]


@pytest.mark.rule("T4")
def test_example_2_a_consultations_sign_warns_eight_hours_before(ticket: Any, local: Local) -> None:
    delivered = local("2026-05-08 10:00")
    ticket.fold([ticket.dispatched(delivered, "consultation")])
    ticket.advance(delivered + LATER)
    assert ticket.cards("sign") == [
        (None, "green", delivered),
        ("green", "yellow", local("2026-05-09 09:00")),
        ("yellow", "red", local("2026-05-09 17:00")),
    ]


@pytest.mark.rule("I2")
@pytest.mark.rule("I4")
def test_example_3_a_return_window_lapses_without_a_card(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-09-24 16:00"))])
    window = ticket.clock("return_window")
    assert (window.state, window.card, window.warn_at) == ("open", None, None)
    ticket.advance(window.due_at + timedelta(microseconds=1))
    assert (ticket.clock("return_window").state, ticket.clock("return_window").stopped_at) == (
        "lapsed",
        local("2026-09-28 17:00"),
    )
    assert ticket.cards("return_window") == []


@pytest.mark.rule("I4")
@pytest.mark.parametrize(
    ("type_", "delivered", "yellow", "due"),
    [
        ("complaint", "2026-09-30 15:30", "2026-10-19 17:00", "2026-10-20 17:00"),  # example 4
        ("help", "2026-04-29 10:00", "2026-05-08 17:00", "2026-05-09 17:00"),  # example 5
        ("consultation", "2026-02-13 11:00", "2026-02-24 09:00", "2026-02-24 17:00"),  # example 6
    ],
)
def test_examples_4_to_6_handling_turns_yellow_and_red_at_the_instants_of_the_rule(
    ticket: Any, local: Local, type_: str, delivered: str, yellow: str, due: str
) -> None:
    ticket.fold([ticket.dispatched(local(delivered), type_)])
    ticket.advance(local(delivered) + LATER)
    assert ticket.cards("handle") == [
        (None, "green", local(delivered)),
        ("green", "yellow", local(yellow)),
        ("yellow", "red", local(due)),
    ]


@pytest.mark.rule("N7")
def test_example_10_an_interim_opinion_is_owed_within_two_hours_in_the_middle_of_the_night(
    ticket: Any, local: Local
) -> None:
    ticket.fold([ticket.dispatched(local("2026-02-16 23:20"), emergent="public_safety")])
    ticket.advance(local("2026-02-18 00:00"))
    assert ticket.cards("interim_feedback")[1:] == [
        ("green", "yellow", local("2026-02-17 00:50")),
        ("yellow", "red", local("2026-02-17 01:20")),
    ]


@pytest.mark.rule("N7")
def test_example_10_each_delivery_counts_its_own_two_hours(ticket: Any, local: Local) -> None:
    ticket.fold([ticket.dispatched(local("2026-02-17 00:40"), emergent="public_safety")])
    assert ticket.clock("interim_feedback").due_at == local("2026-02-17 02:40")


@pytest.mark.rule("T1")
def test_a_deadline_in_a_year_without_a_notice_is_provisional_and_its_card_says_so(
    ticket: Any, local: Local
) -> None:
    ticket.fold([ticket.dispatched(local("2026-12-30 10:00"), "consultation")])
    handle, sign = ticket.clock("handle"), ticket.clock("sign")
    assert (sign.due_at, sign.calendar_status) == (local("2026-12-31 17:00"), "confirmed")
    assert (handle.due_at, handle.calendar_status) == (local("2027-01-04 17:00"), "provisional")
