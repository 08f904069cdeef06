"""What the use cases need of the outside."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from hotline_contracts.events.base import Event
from hotline_contracts.values import CardColour, Emergent, TicketType
from hotline_worktime.calendars import CalendarYear
from hotline_worktime.policy import Policy
from sla_svc.domain.clocks import Clock


class Journal(Protocol):
    """The transaction's own instants and its outbox."""

    async def stamp(self, after: datetime | None = None) -> datetime: ...

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None: ...


class KeptClock(NamedTuple):
    """A clock as stored; ``last_at`` is the instant of its last event."""

    clock: Clock
    last_at: datetime


class Card(NamedTuple):
    """An issued card: ``clock`` as it stood with it, ``at`` as the rule says, ``issued_at`` as it was."""

    card_id: UUID
    clock: Clock
    was: CardColour | None
    at: datetime
    issued_at: datetime
    why: str


class ClockStore(Protocol):
    """Clocks and cards of one transaction."""

    async def lock_subjects(self, subject_ids: Collection[UUID]) -> list[KeptClock]:
        """All clocks of these subjects, locked in the order of their ids."""
        ...

    async def lock_due(self, before: datetime, duties: Collection[str], limit: int) -> list[KeptClock]:
        """Clocks that change by themselves before an instant, earliest first.

        Those that are locked elsewhere, and those held, are left out.
        """
        ...

    async def write(
        self, started: Sequence[KeptClock], changed: Sequence[KeptClock], cards: Sequence[Card]
    ) -> None: ...

    async def hold(self, key: str, duties: Collection[str]) -> None:
        """Keep the timer away from the clocks of these duties whose facts have a parked key."""
        ...


@dataclass(frozen=True, slots=True)
class KnownTicket:
    ticket_id: UUID
    ticket_no: str
    type: TicketType
    emergent: Emergent | None


class TicketStore(Protocol):
    async def put(self, tickets: Sequence[KnownTicket]) -> None: ...


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    version: int
    name: str
    parent: str | None


class UnitStore(Protocol):
    async def put(self, units: Sequence[Unit]) -> None:
        """Keep each unit's newest version; each code comes once."""
        ...


class ReferenceStore(Protocol):
    """Published policies and calendars: immutable records."""

    async def add_policies(self, policies: Sequence[Policy]) -> list[Policy]:
        """Store those that are not there yet, and return them."""
        ...

    async def add_calendars(self, years: Sequence[CalendarYear]) -> list[CalendarYear]:
        """Store those that are not there yet, and return them."""
        ...
