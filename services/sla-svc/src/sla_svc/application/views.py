"""What people may ask about clocks and cards, and who may see what."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from hotline_contracts.values import CardColour, Duty

Row = dict[str, Any]
Key = Sequence[Any] | None
"""The sort key of the last row already shown; None for the first page."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose clocks a caller may see: ``unit`` and the units below it, or with None everybody's."""

    unit: str | None


@dataclass(frozen=True, slots=True)
class ClockFilter:
    duty: Duty | None = None
    unit: str | None = None
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CardFilter:
    """``since`` and ``until`` are half-open on the instant the rule says."""

    card: CardColour | None = None
    unit: str | None = None
    duty: Duty | None = None
    ticket_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: up to ``limit`` rows after ``after``."""

    limit: int
    after: Key = field(default=None)


class Views(Protocol):
    """Reads for people; rows hold the columns of the tables."""

    async def ticket_id(self, ticket: UUID | str) -> UUID | None:
        """The id of a ticket by its id or number; None if it is not known here."""
        ...

    async def clocks_of_ticket(self, ticket_id: UUID, scope: Scope, window: Window) -> list[Row]:
        """By (started_at, duty, clock_id)."""
        ...

    async def clocks(self, wanted: ClockFilter, scope: Scope, window: Window) -> list[Row]:
        """Newest first by (started_at, clock_id)."""
        ...

    async def cards(self, wanted: CardFilter, scope: Scope, window: Window) -> list[Row]:
        """Newest first by (at, card_id)."""
        ...

    async def policies(self, window: Window) -> list[Row]:
        """Newest first by (version)."""
        ...

    async def calendar(self, layer: str, year: int) -> Row | None:
        """The newest version of a layer's year."""
        ...

    async def knows_unit(self, code: str) -> bool: ...
