"""Shapes of the answers (the public contract's, api.md)."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import BeforeValidator, WithJsonSchema

from hotline_chassis.web.fields import Instant, Out
from hotline_contracts.values import CalendarStatus, CardColour, ClockState, Duty, TicketType
from hotline_worktime.policy import Origin

_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_TICKET_NO = "[0-9]{8}-[0-9]{6}"

TicketRef = Annotated[str, Path(pattern=f"^(?:{_UUID}|{_TICKET_NO})$")]
"""A ticket's id or number."""
Year = Annotated[int, Path(ge=1992, le=2199)]
LayerName = Annotated[str, Query(pattern="^(?:national|city|(?:county|unit):[0-9A-Za-z][0-9A-Za-z-]{1,31})$")]


def _now_is_none(value: Any) -> Any:
    return None if value == "now" else value


InstantOrNow = Annotated[
    Instant | None,
    BeforeValidator(_now_is_none),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"const": "now"}]}),
]
"""An instant, or ``now`` (None): the business clock's."""


class ClockOut(Out):
    """A clock. ``late`` = stopped after due; overdue and open = ``running`` with a red card."""

    clock_id: UUID
    ticket_id: UUID | None
    assignment_id: UUID | None
    duty: Duty
    subject_id: UUID
    unit: str | None
    round: int
    started_at: Instant
    warn_at: Instant | None
    due_at: Instant
    card: CardColour | None
    state: ClockState
    stopped_at: Instant | None
    policy_version: int
    calendar_versions: dict[str, int]
    calendar_status: CalendarStatus


class CardOut(Out):
    """A card: ``at`` is the instant the rule says, ``issued_at`` when it was issued."""

    card_id: UUID
    clock_id: UUID
    ticket_id: UUID | None
    duty: Duty
    type: TicketType | None
    unit: str | None
    round: int
    card: CardColour
    was: CardColour | None
    due_at: Instant
    at: Instant
    issued_at: Instant
    standing: bool
    withdrawn_reason: str | None
    policy_version: int
    calendar_versions: dict[str, int]
    why: str


class DeadlineOut(Out):
    """When a duty would be due; ``warn_at`` is null for windows."""

    due_at: Instant
    warn_at: Instant | None
    policy_version: int
    calendar_status: CalendarStatus
    origin: Origin


class PolicyOut(Out):
    version: int
    effective_from: Instant
    author: str
    reason: str
    document: dict[str, Any]


class CalendarDayOut(Out):
    date: date
    working: bool
    name: str


class CalendarOut(Out):
    """What the newest notice of a layer says of a year: the days that differ from the ordinary week."""

    layer: str
    year: int
    version: int
    status: CalendarStatus
    source: str
    days: list[CalendarDayOut]
