"""What the use cases need of the outside, inside one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from hotline_contracts.events.base import Event
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.redo import FirstRating
from routing_svc.domain.tickets import Ticket
from routing_svc.domain.units import Unit
from routing_svc.domain.words import Words

TextKind: TypeAlias = Literal["request", "note", "interim_feedback", "reply", "rejection"]


class Sealer(Protocol):
    """A requester's key, open in memory."""

    @property
    def key_id(self) -> UUID: ...

    def seal(self, plaintext: bytes, context: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket with the requester's words; both ``words`` and ``sealer`` are None once (or while) unreadable."""

    ticket: Ticket
    words: Words | None
    sealer: Sealer | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One item of a ticket's history: ``item`` is its RFC 8785 JSON without both hashes."""

    ticket_id: UUID
    seq: int
    event_id: UUID
    type: str
    at: datetime
    item: bytes
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class SealedText:
    """Words written on a ticket, readable only with the requester's key."""

    text_id: UUID
    ticket_id: UUID
    key_id: UUID
    sealed: bytes
    kind: TextKind


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A requester's key under the site's master key."""

    key_id: UUID
    master_key_id: str
    wrapped: bytes


class ExpectedVersion(Protocol):
    """The version a client is willing to change, or any."""

    def check(self, version: int) -> None:
        """Raises StaleVersion for another one."""
        ...


class Announcer(Protocol):
    """Stamps facts and lets them travel with the transaction."""

    async def stamp(self, after: datetime | None = None) -> datetime:
        """The instant of a fact: now, but later than ``after``."""
        ...

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None: ...


class UnitTree(Protocol):
    """The units as they are now."""

    async def lineages(self, codes: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """For each known code, the unit and all above it; unknown codes are left out."""
        ...


class TicketWork(Announcer, UnitTree, Protocol):
    """Acting on one ticket."""

    async def hold(self, ticket_id: UUID) -> Held:
        """The ticket, locked until the transaction ends.

        Raises:
            NotFound: not here, or so young that its words are still on their way.
        """
        ...

    async def save(self, before: Ticket, after: Ticket, row: HistoryRow, texts: Sequence[SealedText]) -> None:
        """Store the ticket, its history item and its words, with all that was announced before."""
        ...

    async def candidates(self, category: str | None, area_code: str) -> list[DirectoryEntry]:
        """Directory entries of the category or above it and of the area or any, at whatever time they hold."""
        ...


class ArrivalWork(Announcer, Protocol):
    """Taking in what intake published."""

    async def insert(self, created: Sequence[tuple[Ticket, HistoryRow]]) -> set[UUID]:
        """Store new tickets; returns the ids of those whose id or number was not taken."""
        ...

    async def put_texts(self, texts: Sequence[SealedText], keys: Sequence[WrappedKey]) -> None: ...

    async def put_ratings(self, ratings: Mapping[UUID, FirstRating]) -> None:
        """Store first ratings by ticket, whether the ticket is here or not; the first one stays."""
        ...


class UnitWork(Announcer, Protocol):
    """Changing the tree of units, one at a time."""

    async def hold_tree(self) -> None:
        """Nobody else changes units until the transaction ends; reading goes on."""
        ...

    async def find(self, code: str) -> Unit | None: ...

    async def put(self, unit: Unit) -> None:
        """Store a version; units below follow it to its new place."""
        ...


class DirectoryWork(Announcer, UnitTree, Protocol):
    async def add(self, entry: DirectoryEntry) -> None: ...
