"""A redo: only where the first rating asks for it, decided once, and a round of its own."""

from dataclasses import replace
from typing import get_args

import pytest

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import RatingLevel
from routing_svc.domain import tickets
from routing_svc.domain.redo import AlreadyRedone, FirstRating, RedoAlreadyRefused, RedoNotRequested
from routing_svc.domain.tickets import Ticket

from .builders import after, asking, charges, ticket

REDO = {"redo", "redo/refuse"}


def in_follow_up(first_rating: FirstRating | None) -> Ticket:
    held = tickets.dispatch(ticket(first_rating=first_rating), charges("520402"), None, after(1))
    held = tickets.sign(held, tickets.lead_of(held), after(2))
    return answered(held, after_minutes=3)


def answered(held: Ticket, *, after_minutes: int) -> Ticket:
    replied = tickets.reply(held, tickets.lead_of(held), "answered", "handler", after(after_minutes))
    return tickets.approve_reply(replied)


@pytest.mark.rule("I3")
@pytest.mark.parametrize("redo_requested", [True, False])
@pytest.mark.parametrize("level", get_args(RatingLevel))
def test_a_redo_is_offered_exactly_to_who_is_dissatisfied_and_asks(
    level: RatingLevel, redo_requested: bool
) -> None:
    held = in_follow_up(asking(level, redo_requested=redo_requested))
    offered = redo_requested and level in {"dissatisfied", "very_dissatisfied"}
    assert set(held.allowed) == ({"close"} | REDO if offered else {"close"})
    if not offered:
        for decide in (tickets.order_redo, tickets.refuse_redo):
            with pytest.raises(RedoNotRequested) as refused:
                decide(held)
            assert refused.value.extra == {"state": "follow_up", "allowed": ["close"]}


@pytest.mark.rule("I3")
def test_without_a_rating_there_is_nothing_to_decide() -> None:
    with pytest.raises(RedoNotRequested) as refused:
        tickets.order_redo(in_follow_up(None))
    assert refused.value.passing, "its fact may be on the way"


@pytest.mark.rule("I3")
def test_a_redo_begins_a_round_in_which_the_lead_handles_and_rejections_count_anew() -> None:
    held = replace(in_follow_up(asking()), rejections=2)
    again = tickets.order_redo(held)
    assert (again.state, again.round, again.rejections, again.determination) == ("handling", 2, 0, None)
    lead = tickets.lead_of(again)
    assert (lead.state, lead.replied_at, lead.signed_at) == ("handling", None, after(2))
    assert again.allowed == ["interim-feedback", "reply"]


@pytest.mark.rule("I3")
def test_there_is_one_redo_and_no_second() -> None:
    again = tickets.order_redo(in_follow_up(asking()))
    with pytest.raises(NotAllowedInState) as handling:
        tickets.order_redo(again)
    assert handling.value.extra == {"state": "handling", "allowed": ["interim-feedback", "reply"]}
    second = answered(again, after_minutes=9)
    assert (second.state, second.allowed) == ("follow_up", ["close"])
    for decide in (tickets.order_redo, tickets.refuse_redo):
        with pytest.raises(AlreadyRedone):
            decide(second)


@pytest.mark.rule("I3")
def test_a_refusal_leaves_follow_up_as_it_is_and_is_final() -> None:
    held = in_follow_up(asking("very_dissatisfied"))
    refused = tickets.refuse_redo(held)
    assert replace(refused, redo_decision=None) == held
    assert refused.allowed == ["close"]
    for decide in (tickets.order_redo, tickets.refuse_redo):
        with pytest.raises(RedoAlreadyRefused):
            decide(refused)
