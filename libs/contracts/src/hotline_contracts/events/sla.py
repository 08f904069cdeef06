"""Facts of sla-svc, topics ``sla.clocks``, ``reference.policies`` and ``reference.calendars``.

A clock's own facts carry the clock id as subject and the ticket id (or, without a ticket, the clock's
subject) as key. Their ids are derived, so that a rebuild gives the same.
"""

from typing import Any, ClassVar
from uuid import UUID

from hotline_contracts.events.base import Aware, Event
from hotline_contracts.values import CalendarStatus, CardColour, ClockState, Duty, TicketType


class ClockEvent(Event, frozen=True, kw_only=True):
    """A fact of one clock."""

    TOPIC: ClassVar[str] = "sla.clocks"

    clock_id: UUID
    ticket_id: UUID | None
    assignment_id: UUID | None
    unit: str | None
    duty: Duty
    round: int


class ClockStartedV1(ClockEvent, frozen=True, kw_only=True):
    """A duty, or the window of a right, began to run at ``started_at``."""

    TYPE: ClassVar[str] = "sla.clock.started.v1"

    type: TicketType | None
    started_at: Aware
    warn_at: Aware | None
    due_at: Aware
    policy_version: int
    calendar_versions: dict[str, int]
    calendar_status: CalendarStatus


class ClockMetV1(ClockEvent, frozen=True, kw_only=True):
    """The duty was done at ``stopped_at``; ``state`` says in time (met) or not (late)."""

    TYPE: ClassVar[str] = "sla.clock.met.v1"

    state: ClockState
    stopped_at: Aware


class ClockReopenedV1(ClockEvent, frozen=True, kw_only=True):
    """A rejected reply let the duty run again, until ``due_at``."""

    TYPE: ClassVar[str] = "sla.clock.reopened.v1"

    warn_at: Aware | None
    due_at: Aware


class ClockCancelledV1(ClockEvent, frozen=True, kw_only=True):
    """The duty fell away before it was done."""

    TYPE: ClassVar[str] = "sla.clock.cancelled.v1"

    stopped_at: Aware


class ClockLapsedV1(ClockEvent, frozen=True, kw_only=True):
    """A window ended unused; no card."""

    TYPE: ClassVar[str] = "sla.clock.lapsed.v1"

    lapsed_at: Aware


class CardIssuedV1(ClockEvent, frozen=True, kw_only=True):
    """A warning card: ``at`` is the instant the rule says, the envelope's time when it was issued.

    A clock's first card has ``was`` null; a red card's ``at`` is ``due_at``.
    """

    TYPE: ClassVar[str] = "sla.card.issued.v1"

    card_id: UUID
    type: TicketType | None
    card: CardColour
    was: CardColour | None
    at: Aware
    due_at: Aware
    policy_version: int
    calendar_versions: dict[str, int]
    why: str


class PolicyPublishedV1(Event, frozen=True, kw_only=True):
    """A version of the policy; immutable record, key: version."""

    TYPE: ClassVar[str] = "reference.policy.published.v1"
    TOPIC: ClassVar[str] = "reference.policies"

    version: int
    effective_from: Aware
    author: str
    reason: str
    document: dict[str, Any]


class CalendarPublishedV1(Event, frozen=True, kw_only=True):
    """A version of one layer's calendar year; immutable record, key: layer, year and version."""

    TYPE: ClassVar[str] = "reference.calendar.published.v1"
    TOPIC: ClassVar[str] = "reference.calendars"

    layer: str
    year: int
    version: int
    status: CalendarStatus
    source: str
    days: list[dict[str, Any]]
