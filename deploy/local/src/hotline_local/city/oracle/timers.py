"""One duty's time, reckoned by hand: when it is due, when it warns, and which cards it earns."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hotline_local.city.workdays import close_of, day_of, working_day_after, working_day_before

HANDLE = {"consultation": 2, "help": 5, "opinion": 5, "suggestion": 5, "complaint": 10, "report": 10}
REDO = {"consultation": 1, "help": 2, "opinion": 2, "suggestion": 2, "complaint": 5, "report": 5}
"""Working days; praise is owed no answer. Source: rules I3 and Routing, defaults."""
FOLLOW_UP = 3
EIGHT_HOURS = timedelta(hours=8)
Outcome = Literal["running", "met", "late", "cancelled"]


@dataclass
class Timer:
    """A duty of a unit on one ticket.

    Attributes:
        cards: the colours of its cards so far, in order.
        grace: whether a rejection still gives a day more.
    """

    duty: str
    unit: str
    start: datetime
    due: datetime
    warn: datetime
    consultation: bool = False
    cards: list[str] = field(default_factory=list)
    state: Outcome = "running"
    grace: bool = True

    def __post_init__(self) -> None:
        self.cards.append("yellow" if self.warn <= self.start else "green")

    @property
    def red(self) -> bool:
        return "red" in self.cards

    def pass_to(self, at: datetime) -> None:
        """Let time go by: what is due exactly at ``at`` is not overdue yet."""
        if self.state != "running":
            return
        if self.cards[-1] == "green" and self.warn < at:
            self.cards.append("yellow")
        if self.cards[-1] == "yellow" and self.due < at:
            self.cards.append("red")

    def do(self, at: datetime) -> None:
        self.pass_to(at)
        if self.state == "running":
            self.state = "late" if self.red else "met"

    def cancel(self, at: datetime) -> None:
        self.pass_to(at)
        if self.state == "running":
            self.state = "cancelled"

    def reject(self, at: datetime) -> None:
        """The reply did not count: the duty runs on, the first time for at least one working day more."""
        more = close_of(working_day_after(day_of(at), 1))
        if self.grace and more > self.due:
            self.due, self.warn = more, warning_before(more, consultation=self.consultation)
        self.grace = False
        self.state = "running"
        if self.red:
            return
        colour = "red" if self.due < at else "yellow" if self.warn <= at else "green"
        if colour != self.cards[-1]:
            self.cards.append(colour)


def warning_before(due: datetime, *, consultation: bool) -> datetime:
    """Consultations warn eight hours before, others at the same time of the working day before. Source: T4."""
    return due - EIGHT_HOURS if consultation else close_of(working_day_before(day_of(due)))


def in_working_days(duty: str, unit: str, start: datetime, days: int, *, consultation: bool = False) -> Timer:
    """A duty of so many working days, the day it starts on not counted. Source: T3."""
    due = close_of(working_day_after(day_of(start), days))
    warn = warning_before(due, consultation=consultation)
    return Timer(duty, unit, start, due, warn, consultation=consultation)


def in_minutes(duty: str, unit: str, start: datetime, minutes: int, warns_before: int) -> Timer:
    """A duty of so many minutes, day and night."""
    due = start + timedelta(minutes=minutes)
    return Timer(duty, unit, start, due, due - timedelta(minutes=warns_before))


def sign_timer(unit: str, start: datetime, kind: str, emergent: str | None) -> Timer:
    if emergent == "area_outage":
        return in_minutes("sign", unit, start, 30, 10)
    if emergent is not None:
        return in_minutes("sign", unit, start, 15, 5)
    return in_working_days("sign", unit, start, 1, consultation=kind == "consultation")
