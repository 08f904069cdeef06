"""Follows one life act by act and notes what the system must know at its end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from hotline_local.city.oracle import timers
from hotline_local.city.oracle.timers import Timer
from hotline_local.city.plan import Act, Doing, Life
from hotline_local.city.workdays import day_of

MISSED = frozenset({"unreachable", "call_later"})
CALLS_IN_VAIN, DAYS_IN_VAIN = 3, 2


@dataclass
class Rating:
    level: str
    solved: bool
    formed_at: datetime | None = None


@dataclass
class Ticket:
    """What is known of one request.

    Attributes:
        state: None while there is no ticket.
        calls: of the open follow-up, the days of its attempts in vain.
        follow_ups: how each ended; None while open.
    """

    life: Life
    outcome: str = "pending"
    reason: str | None = None
    state: str | None = None
    round: int = 1
    timers: list[Timer] = field(default_factory=list)
    follow_ups: list[str | None] = field(default_factory=list)
    calls: list[date] = field(default_factory=list)
    given: list[Rating] = field(default_factory=list)
    pending: Rating | None = None
    formed: Rating | None = None

    @property
    def type(self) -> str:
        return str(self.life.body["type"])

    def of_duty(self, duty: str) -> list[Timer]:
        return [timer for timer in self.timers if timer.duty == duty]


def ticket_at(life: Life, ends: datetime) -> Ticket:
    """How the life's ticket stands at ``ends``."""
    ticket = Ticket(life)
    if life.body["decision"] != "hold":
        ticket.outcome, ticket.state = "accepted", "dispatch_pending"
    for act in life.acts:
        for timer in ticket.timers:
            timer.pass_to(act.at)
        _ACTS[act.do](ticket, act)
    for timer in ticket.timers:
        timer.pass_to(ends)
    return ticket


def _accept(ticket: Ticket, _: Act) -> None:
    ticket.outcome, ticket.state = "accepted", "dispatch_pending"


def _decline(ticket: Ticket, act: Act) -> None:
    ticket.outcome, ticket.reason = "declined", act.body["reason"]


def _dispatch(ticket: Ticket, act: Act) -> None:
    life, kind = ticket.life, ticket.type
    ticket.state = "sign_pending"
    for unit in (life.lead or "", *life.supports):
        ticket.timers.append(timers.sign_timer(unit, act.at, kind, life.emergent))
        if life.emergent is not None:
            ticket.timers.append(timers.in_minutes("interim_feedback", unit, act.at, 120, 30))
    if days := timers.HANDLE.get(kind):
        consultation = kind == "consultation"
        ticket.timers.append(
            timers.in_working_days("handle", life.lead or "", act.at, days, consultation=consultation)
        )


def _own(ticket: Ticket, duty: str, act: Act) -> list[Timer]:
    return [timer for timer in ticket.of_duty(duty) if timer.unit == act.unit]


def _sign(ticket: Ticket, act: Act) -> None:
    if act.unit == ticket.life.lead:
        ticket.state = "handling"
    for timer in _own(ticket, "sign", act):
        timer.do(act.at)


def _interim(ticket: Ticket, act: Act) -> None:
    for timer in _own(ticket, "interim_feedback", act):
        timer.do(act.at)


def _answers(ticket: Ticket) -> list[Timer]:
    return ticket.of_duty("handle" if ticket.round == 1 else "redo")


def _reply(ticket: Ticket, act: Act) -> None:
    ticket.state = "reply_review"
    for timer in [*_answers(ticket), *_own(ticket, "interim_feedback", act)]:
        timer.do(act.at)
    for timer in ticket.of_duty("interim_feedback"):
        timer.cancel(act.at)


def _reject(ticket: Ticket, act: Act) -> None:
    ticket.state = "handling"
    for timer in _answers(ticket):
        timer.reject(act.at)


def _approve(ticket: Ticket, act: Act) -> None:
    ticket.state = "follow_up"
    ticket.follow_ups.append(None)
    ticket.calls = []
    lead = ticket.life.lead or ""
    ticket.timers.append(timers.in_working_days("follow_up", lead, act.at, timers.FOLLOW_UP))


def _end_follow_up(ticket: Ticket, outcome: str, at: datetime) -> None:
    ticket.follow_ups[-1] = outcome
    for timer in ticket.of_duty("follow_up"):
        if outcome == "not_needed":
            timer.cancel(at)
        else:
            timer.do(at)
    # After a redo nobody else will say anything: what was said first counts.
    if outcome != "rated" and ticket.pending is not None:
        _form(ticket, ticket.pending, at)


def _form(ticket: Ticket, rating: Rating, at: datetime) -> None:
    rating.formed_at = at
    ticket.formed, ticket.pending = rating, None


def _attempt(ticket: Ticket, act: Act) -> None:
    outcome = act.body["outcome"]
    if outcome not in MISSED:
        _end_follow_up(ticket, outcome, act.at)
        return
    ticket.calls.append(day_of(act.at))
    if len(ticket.calls) >= CALLS_IN_VAIN and len(set(ticket.calls)) >= DAYS_IN_VAIN:
        _end_follow_up(ticket, "unreachable", act.at)


def _rate(ticket: Ticket, act: Act) -> None:
    rating = Rating(act.body["level"], act.body["solved"])
    ticket.given.append(rating)
    ticket.pending = None
    _end_follow_up(ticket, "rated", act.at)
    if act.body["redo_requested"]:
        ticket.pending = rating
    else:
        _form(ticket, rating, act.at)


def _redo(ticket: Ticket, act: Act) -> None:
    ticket.state, ticket.round = "handling", 2
    kind = ticket.type
    if days := timers.REDO.get(kind):
        consultation = kind == "consultation"
        lead = ticket.life.lead or ""
        ticket.timers.append(timers.in_working_days("redo", lead, act.at, days, consultation=consultation))


def _refuse_redo(ticket: Ticket, act: Act) -> None:
    if ticket.pending is not None:
        _form(ticket, ticket.pending, act.at)


def _close(ticket: Ticket, act: Act) -> None:
    ticket.state = "closed"
    if ticket.follow_ups and ticket.follow_ups[-1] is None:
        _end_follow_up(ticket, "not_needed", act.at)
    for timer in ticket.timers:
        timer.cancel(act.at)


_ACTS: Mapping[Doing, Callable[[Ticket, Act], None]] = {
    "accept": _accept,
    "decline": _decline,
    "dispatch": _dispatch,
    "sign": _sign,
    "interim-feedback": _interim,
    "reply": _reply,
    "reply/approve": _approve,
    "reply/reject": _reject,
    "attempt": _attempt,
    "rate": _rate,
    "redo": _redo,
    "redo/refuse": _refuse_redo,
    "close": _close,
}
