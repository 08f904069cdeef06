"""Any sequence of actions keeps a ticket whole, and every refusal names what is allowed."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hotline_contracts.problems import NotAllowedInState, Refusal
from hotline_contracts.values import RatingLevel, TicketState
from routing_svc.domain import tickets
from routing_svc.domain.redo import OBSTACLES
from routing_svc.domain.tickets import Ticket
from routing_svc.domain.transitions import TRANSITIONS

from .builders import after, asking, charges, ticket

UNITS = ("520402", "520400-D01", "520400-D02")
REACHABLE = {"dispatch_pending"} | {row.to for row in TRANSITIONS if row.to}


REFUSALS: tuple[type[Refusal], ...] = (NotAllowedInState, *OBSTACLES)


class TicketMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.ticket = ticket()
        self.minutes = 0

    def attempt(self, action: str, change: Callable[[Ticket], Ticket]) -> None:
        before, offered = self.ticket, self.ticket.allowed
        self.minutes += 1
        refused: Refusal | None = None
        try:
            self.ticket = change(before)
        except REFUSALS as refusal:
            refused = refusal
        if refused is None:
            assert action in offered
        else:
            assert refused.extra == {"state": before.state, "allowed": offered}
            assert action not in offered or action == "sign"  # that assignment has signed, another has not
            assert self.ticket is before

    @rule(supports=st.integers(0, 2))
    def dispatch(self, supports: int) -> None:
        given = charges(*UNITS[: supports + 1])
        self.attempt("dispatch", lambda held: tickets.dispatch(held, given, None, after(self.minutes)))

    @rule(place=st.integers(0, 2))
    def sign(self, place: int) -> None:
        if place < len(self.ticket.assignments):
            charge = self.ticket.assignments[place]
            self.attempt("sign", lambda held: tickets.sign(held, charge, after(self.minutes)))

    @rule(place=st.integers(0, 2))
    def interim_feedback(self, place: int) -> None:
        if place < len(self.ticket.assignments):
            charge = self.ticket.assignments[place]
            self.attempt("interim-feedback", lambda held: tickets.give_interim_feedback(held, charge))

    @rule()
    def reply(self) -> None:
        lead = self.ticket.lead
        if lead is not None:
            self.attempt(
                "reply", lambda held: tickets.reply(held, lead, "solved", "handler", after(self.minutes))
            )

    @rule()
    def approve(self) -> None:
        self.attempt("reply/approve", tickets.approve_reply)

    @rule()
    def reject(self) -> None:
        self.attempt("reply/reject", tickets.reject_reply)

    @rule(level=st.sampled_from(get_args(RatingLevel)), asks=st.booleans())
    def rate(self, level: RatingLevel, asks: bool) -> None:
        """A rating may be read before anything that led to it."""
        if self.ticket.first_rating is None:
            self.ticket = replace(self.ticket, first_rating=asking(level, redo_requested=asks))

    @rule()
    def order_redo(self) -> None:
        self.attempt("redo", tickets.order_redo)

    @rule()
    def refuse_redo(self) -> None:
        self.attempt("redo/refuse", tickets.refuse_redo)

    @rule()
    def close(self) -> None:
        self.attempt("close", tickets.close)

    @invariant()
    def the_state_is_one_that_the_table_reaches(self) -> None:
        assert self.ticket.state in REACHABLE
        assert self.ticket.state in get_args(TicketState)

    @invariant()
    def the_state_follows_the_lead(self) -> None:
        lead = self.ticket.lead
        expected = {
            "sign_pending": "sign_pending",
            "handling": "handling",
            "reply_review": "replied",
            "follow_up": "replied",
            "closed": "replied",
        }
        assert expected.get(self.ticket.state) == (lead and lead.state)

    @invariant()
    def at_most_one_lead_and_instants_agree_with_states(self) -> None:
        assert [charge.role for charge in self.ticket.assignments].count("lead") <= 1
        for charge in self.ticket.assignments:
            assert (charge.signed_at is None) == (charge.state == "sign_pending")
            assert (charge.replied_at is None) == (charge.state != "replied")

    @invariant()
    def a_determination_stands_exactly_from_the_reply_on(self) -> None:
        replied = self.ticket.state in {"reply_review", "follow_up", "closed"}
        assert (self.ticket.determination is not None) == replied

    @invariant()
    def there_is_at_most_one_redo_and_only_for_who_asked(self) -> None:
        assert self.ticket.round == (2 if self.ticket.redo_decision == "ordered" else 1)
        if self.ticket.redo_decision is not None:
            assert tickets.first_rating_of(self.ticket).asks_for_redo

    @invariant()
    def what_is_offered_is_sorted_and_can_be_done_by_somebody(self) -> None:
        assert self.ticket.allowed == sorted(set(self.ticket.allowed))
        for action in self.ticket.allowed:
            assert _someone_can(self.ticket, action)


def _someone_can(held: Ticket, action: str) -> bool:
    tries: dict[str, list[Callable[[], Ticket]]] = {
        "dispatch": [lambda: tickets.dispatch(held, charges("520402"), None, after(0))],
        "sign": [partial(tickets.sign, held, charge, after(0)) for charge in held.assignments],
        "interim-feedback": [
            partial(tickets.give_interim_feedback, held, charge) for charge in held.assignments
        ],
        "reply": [lambda: tickets.reply(held, tickets.lead_of(held), "solved", "handler", after(0))],
        "reply/approve": [lambda: tickets.approve_reply(held)],
        "reply/reject": [lambda: tickets.reject_reply(held)],
        "redo": [lambda: tickets.order_redo(held)],
        "redo/refuse": [lambda: tickets.refuse_redo(held)],
        "close": [lambda: tickets.close(held)],
    }
    return any(_succeeds(attempt) for attempt in tries[action])


def _succeeds(attempt: Callable[[], Ticket]) -> bool:
    try:
        attempt()
    except Refusal:
        return False
    return True


TestTicketMachine = TicketMachine.TestCase
TestTicketMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
