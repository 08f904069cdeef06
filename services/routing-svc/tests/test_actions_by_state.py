"""What each state allows, written by hand from the catalogue, and held against the table of transitions."""

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import TicketState
from routing_svc.domain import tickets
from routing_svc.domain.tickets import Assignment, Ticket
from routing_svc.domain.transitions import TRANSITIONS, Action, roles_for

from .builders import after, asking, charges, ticket

COUNTY, SUPPORT = "520402", "520400-D01"

# Rows: states; columns: what may be done there. Written from the catalogue, not from the code.
ALLOWED = {
    "dispatch_pending": ["dispatch"],
    "sign_pending": ["interim-feedback", "sign"],
    "handling": ["interim-feedback", "reply", "sign"],  # sign: a support has not signed yet
    "reply_review": ["reply/approve", "reply/reject", "sign"],  # sign: likewise
    "follow_up": [
        "close",
        "redo",
        "redo/refuse",
        "sign",
    ],  # sign: likewise; redo: the first rating asks for it
    "closed": [],
    "archived": [],
    "return_pending": [],
    "disputed": [],
    "merged": [],
    "withdrawn": [],
}
LEADS_TO = {
    ("dispatch_pending", "dispatch"): "sign_pending",
    ("sign_pending", "interim-feedback"): "sign_pending",
    ("sign_pending", "sign"): "handling",
    ("handling", "interim-feedback"): "handling",
    ("handling", "reply"): "reply_review",
    ("reply_review", "reply/approve"): "follow_up",
    ("reply_review", "reply/reject"): "handling",
    ("follow_up", "redo"): "handling",
    ("follow_up", "redo/refuse"): "follow_up",
    ("follow_up", "close"): "closed",
}

DO: dict[Action, Callable[[Ticket], Ticket]] = {
    "dispatch": lambda held: tickets.dispatch(held, charges(COUNTY, SUPPORT), None, after(1)),
    "sign": lambda held: tickets.sign(held, lead(held), after(2)),
    "interim-feedback": lambda held: tickets.give_interim_feedback(held, lead(held)),
    "reply": lambda held: tickets.reply(held, lead(held), "solved", "handler", after(3)),
    "reply/approve": tickets.approve_reply,
    "reply/reject": tickets.reject_reply,
    "redo": tickets.order_redo,
    "redo/refuse": tickets.refuse_redo,
    "close": tickets.close,
}


def lead(held: Ticket) -> Assignment:
    return tickets.lead_of(held)


def in_state(state: TicketState) -> Ticket:
    """A ticket with a lead and a support that has not signed, brought to ``state`` by hand where needed.

    Its requester is dissatisfied and asks for a redo, which matters in follow-up only.
    """
    path: dict[str, tuple[Action, ...]] = {
        "dispatch_pending": (),
        "sign_pending": ("dispatch",),
        "handling": ("dispatch", "sign"),
        "reply_review": ("dispatch", "sign", "reply"),
        "follow_up": ("dispatch", "sign", "reply", "reply/approve"),
        "closed": ("dispatch", "sign", "reply", "reply/approve", "close"),
    }
    held = ticket(first_rating=asking())
    for action in path.get(state, path["closed"]):
        held = DO[action](held)
    return held if state in path else replace(held, state=state)


def test_the_expectations_name_every_state() -> None:
    assert set(ALLOWED) == set(get_args(TicketState))


@pytest.mark.parametrize("state", get_args(TicketState))
def test_a_state_allows_what_the_catalogue_says(state: TicketState) -> None:
    assert in_state(state).allowed == ALLOWED[state]


@pytest.mark.parametrize("action", get_args(Action))
@pytest.mark.parametrize("state", get_args(TicketState))
def test_an_action_leads_where_the_catalogue_says_or_is_refused_with_what_is_allowed(
    state: TicketState, action: Action
) -> None:
    held = in_state(state)
    expected = LEADS_TO.get((state, action))
    if expected is not None:
        assert DO[action](held).state == expected
    elif action != "sign" or state != "handling":  # there the lead has signed: its own test below
        if not held.assignments and action in {"sign", "interim-feedback", "reply"}:
            assert action not in held.allowed  # no assignment, nobody to act for
            return
        with pytest.raises(NotAllowedInState) as refused:
            DO[action](held)
        assert refused.value.extra == {"state": state, "allowed": ALLOWED[state]}


def test_sign_is_offered_in_handling_exactly_while_somebody_has_yet_to_sign() -> None:
    handling = in_state("handling")
    assert "sign" in handling.allowed
    all_signed = tickets.sign(handling, handling.assignments[1], after(5))
    assert all_signed.state == "handling"
    assert all_signed.allowed == ["interim-feedback", "reply"]


def test_an_assignment_is_signed_once() -> None:
    handling = in_state("handling")
    with pytest.raises(NotAllowedInState) as refused:
        tickets.sign(handling, lead(handling), after(5))
    assert refused.value.extra["state"] == "handling"


@pytest.mark.rule("I4")
def test_a_support_that_signs_first_does_not_move_the_ticket() -> None:
    pending = in_state("sign_pending")
    signed = tickets.sign(pending, pending.assignments[1], after(2))
    assert signed.state == "sign_pending"
    assert [charge.state for charge in signed.assignments] == ["sign_pending", "handling"]


@pytest.mark.rule("I4")
@pytest.mark.parametrize("state", ["reply_review", "follow_up"])
def test_a_support_could_not_sign_once_the_lead_had_replied_and_earned_a_red(state: TicketState) -> None:
    replied = in_state(state)
    signed = tickets.sign(replied, replied.assignments[1], after(5))
    assert signed.state == state
    assert signed.assignments[1].state == "handling"
    assert "sign" not in signed.allowed


@pytest.mark.rule("N7")
def test_the_first_dispatch_sets_delivery_and_keeps_the_emergency_unless_told() -> None:
    sent = tickets.dispatch(ticket(emergent="area_outage"), charges(COUNTY), None, after(1))
    assert sent.emergent == "area_outage"
    assert lead(sent).delivered_at == after(1)
    assert tickets.dispatch(ticket(), charges(COUNTY), "public_safety", after(1)).emergent == "public_safety"


def test_a_rejected_reply_is_counted_and_its_determination_falls() -> None:
    rejected = tickets.reject_reply(in_state("reply_review"))
    assert (rejected.rejections, rejected.determination) == (1, None)
    assert (lead(rejected).state, lead(rejected).replied_at) == ("handling", None)


@pytest.mark.rule("H3")
def test_closing_keeps_the_determination_of_the_approved_reply() -> None:
    held = in_state("handling")
    replied = tickets.reply(held, lead(held), "explained_not_feasible", "handler", after(3))
    assert tickets.close(tickets.approve_reply(replied)).determination == "explained_not_feasible"


def test_every_row_of_the_table_names_its_source_and_somebody_who_may() -> None:
    assert all(row.source and row.roles for row in TRANSITIONS)
    assert {row.action for row in TRANSITIONS} == set(get_args(Action))
    assert roles_for("close") == {"reviewer", "dispatcher", "shift_leader"}
