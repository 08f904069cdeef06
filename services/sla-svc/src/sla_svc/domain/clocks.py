"""One duty's or window's clock, and every way it can change.

Each function takes a clock and gives back the clock after it and the changes on the way, in order. Nothing
here knows the present: instants come from facts, or from the timer's watermark.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from hotline_contracts.ids import derived_id
from hotline_contracts.values import CalendarStatus, CardColour, ClockState, Duty, Emergent, TicketType
from hotline_worktime.deadlines import Deadline
from hotline_worktime.policy import is_window

ChangeKind: TypeAlias = Literal["started", "card", "met", "reopened", "cancelled", "lapsed"]


class Clock(NamedTuple):
    """A duty of one assignment, or the window of a right, from its start to its end.

    Attributes:
        subject_id: what the clock is about: the ticket, or the object of the ticket or without one (a
            follow-up) that somebody owes something.
        warn_at: yellow from this instant on; None for windows and for duties that do not warn.
        due_at: exactly then is in time.
        card: None for windows.
        reopened_at: the last rejection that let the duty run again.
        sequence: of the clock's last change, contiguous from 1.
    """

    clock_id: UUID
    subject_id: UUID
    ticket_id: UUID | None
    assignment_id: UUID | None
    unit: str | None
    duty: Duty
    type: TicketType | None
    emergent: Emergent | None
    round: int
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime
    card: CardColour | None
    state: ClockState
    stopped_at: datetime | None
    reopened_at: datetime | None
    policy_version: int
    calendar_versions: Mapping[str, int]
    calendar_status: CalendarStatus
    sequence: int

    @property
    def key(self) -> UUID:
        """The key of its events: everything bound to a ticket keeps its order with it."""
        return self.ticket_id or self.subject_id

    @property
    def runs(self) -> bool:
        """Whether time still changes it, or an act still ends it."""
        return self.state in {"running", "open"}

    @property
    def next_transition_at(self) -> datetime | None:
        """The instant whose passing changes the clock by itself; None if none does.

        A red clock runs on, but nothing further happens to it. Source: rules T3 and T4.
        """
        if not self.runs or self.card == "red":
            return None
        if self.card == "green" and self.warn_at is not None:
            return self.warn_at
        return self.due_at


class Change(NamedTuple):
    """One step of a clock.

    Attributes:
        clock: as it stands after the step; ``clock.sequence`` is the step's own number.
        at: the instant the rule says, not the one at which anybody noticed.
        was: the card before, where ``kind`` is ``card``.
    """

    kind: ChangeKind
    clock: Clock
    at: datetime
    was: CardColour | None = None


Changed: TypeAlias = tuple[Clock, list[Change]]


def clock_id_of(cause_id: UUID, owner_id: UUID, duty: Duty, n: int = 1) -> UUID:
    """The id of the ``n``-th clock that one fact starts for one owner (assignment, else subject) and duty."""
    return derived_id("clock", cause_id, owner_id, duty, n)


def card_id_of(change: Change) -> UUID:
    """The id of the card that a change of kind ``card`` issues."""
    clock = change.clock
    return derived_id("card", clock.clock_id, clock.card, clock.sequence)


def event_id_of(change: Change) -> UUID:
    return derived_id("event", change.clock.clock_id, change.clock.sequence)


def start(
    *,
    cause_id: UUID,
    subject_id: UUID,
    ticket_id: UUID | None,
    assignment_id: UUID | None,
    unit: str | None,
    duty: Duty,
    type: TicketType | None,  # noqa: A002  the contract's word
    emergent: Emergent | None,
    round: int,  # noqa: A002  the contract's word
    started_at: datetime,
    deadline: Deadline,
    policy_version: int,
) -> Changed:
    """Start a clock; a duty's first card comes with it, yellow if the warning is not after the start.

    Source: rules I4 and T4.
    """
    window = is_window(duty)
    clock = Clock(
        clock_id=clock_id_of(cause_id, assignment_id or subject_id, duty),
        subject_id=subject_id,
        ticket_id=ticket_id,
        assignment_id=assignment_id,
        unit=unit,
        duty=duty,
        type=type,
        emergent=emergent,
        round=round,
        started_at=started_at,
        warn_at=deadline.warn_at,
        due_at=deadline.due_at,
        card=None,
        state="open" if window else "running",
        stopped_at=None,
        reopened_at=None,
        policy_version=policy_version,
        calendar_versions=deadline.calendar_versions,
        calendar_status=deadline.calendar_status,
        sequence=1,
    )
    changes = [Change("started", clock, started_at)]
    if not window:
        clock = _issue(changes, clock, _card_when_running_from(started_at, clock), started_at)
    return clock, changes


def advance(clock: Clock, instant: datetime) -> Changed:
    """Let time pass up to ``instant``, which itself has not passed: only what lies before it happens.

    So an act at exactly ``warn_at`` prevents the yellow, and one at exactly ``due_at`` the red. Advancing in
    one step or in many gives the same changes. Source: rules T3, T4 and I2 (windows lapse without a card).
    """
    changes: list[Change] = []
    while (at := clock.next_transition_at) is not None and at < instant:
        if clock.state == "open":
            clock = _step(changes, "lapsed", clock, at, state="lapsed", stopped_at=at)
        else:
            clock = _issue(changes, clock, "yellow" if _only_warns(clock) else "red", at)
    return clock, changes


def meet(clock: Clock, at: datetime) -> Changed:
    """End a running duty by doing it: in time if no red stands, else late.

    ``clock`` is advanced to ``at``, so that a red is there exactly if ``at`` is after ``due_at``, or if one was
    earned before a rejected reply moved ``due_at``. A clock that does not run is left as it is.
    """
    if clock.state != "running":
        return clock, []
    state: ClockState = "late" if clock.card == "red" else "met"
    return _end(clock, "met", state, at)


def cancel(clock: Clock, at: datetime) -> Changed:
    """End a running duty that fell away; its cards stand. A clock that does not run is left as it is."""
    return _end(clock, "cancelled", "cancelled", at) if clock.state == "running" else (clock, [])


def lapse(clock: Clock, at: datetime) -> Changed:
    """End an open window before its time. One that is not open is left as it is."""
    return _end(clock, "lapsed", "lapsed", at) if clock.state == "open" else (clock, [])


def reopen(clock: Clock, at: datetime, grace: Deadline | None) -> Changed:
    """Let a met duty run again from ``at``, until the later of its old deadline and ``grace``.

    A red stands. Otherwise the card follows the deadline: red if it has passed already (``at`` of the card is
    ``due_at``), yellow from ``at`` if the warning is not after it, green again if it is. A duty that was not
    met is left as it is.

    Source: rules, section Routing and handling, Delivery.
    """
    if clock.state not in {"met", "late"}:
        return clock, []
    if grace is not None and grace.due_at > clock.due_at:
        clock = clock._replace(
            warn_at=grace.warn_at,
            due_at=grace.due_at,
            calendar_versions={**clock.calendar_versions, **grace.calendar_versions},
            calendar_status="provisional" if _either_provisional(clock, grace) else "confirmed",
        )
    changes: list[Change] = []
    clock = _step(changes, "reopened", clock, at, state="running", stopped_at=None, reopened_at=at)
    if clock.card == "red":
        return clock, changes
    if clock.due_at < at:
        return _issue(changes, clock, "red", clock.due_at), changes
    card = _card_when_running_from(at, clock)
    if card != clock.card:
        clock = _issue(changes, clock, card, at)
    return clock, changes


def _card_when_running_from(at: datetime, clock: Clock) -> CardColour:
    return "yellow" if clock.warn_at is not None and clock.warn_at <= at else "green"


def _only_warns(clock: Clock) -> bool:
    return clock.card == "green" and clock.warn_at is not None


def _either_provisional(clock: Clock, grace: Deadline) -> bool:
    return "provisional" in {clock.calendar_status, grace.calendar_status}


def _end(clock: Clock, kind: ChangeKind, state: ClockState, at: datetime) -> Changed:
    changes: list[Change] = []
    return _step(changes, kind, clock, at, state=state, stopped_at=at), changes


def _issue(changes: list[Change], clock: Clock, card: CardColour, at: datetime) -> Clock:
    return _step(changes, "card", clock, at, was=clock.card, card=card)


def _step(
    changes: list[Change],
    kind: ChangeKind,
    clock: Clock,
    at: datetime,
    was: CardColour | None = None,
    **becomes: Any,
) -> Clock:
    """The clock after one change: its next number, and what it becomes."""
    clock = clock._replace(sequence=clock.sequence + 1, **becomes)
    changes.append(Change(kind, clock, at, was))
    return clock
