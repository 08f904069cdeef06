"""What the use cases need of the outside, inside one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hotline_contracts.events.base import Event
from knowledge_svc.domain.entries import Content, Entry, Step


@dataclass(frozen=True, slots=True)
class Unit:
    """A handling unit as far as this service knows it."""

    code: str
    version: int
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One item of an entry's history: ``item`` is its RFC 8785 JSON without both hashes."""

    entry_id: UUID
    seq: int
    event_id: UUID
    type: str
    at: datetime
    item: bytes
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Publication:
    """An approved version as it will be found.

    Attributes:
        since: first instant at which it is found; None: from now on, whatever a standing clock says.
        until: first instant at which it is not found any more; None: until further notice.
    """

    entry_id: UUID
    version: int
    unit: str
    content: Content
    since: datetime | None
    until: datetime | None


class ExpectedVersion(Protocol):
    """The revision a client is willing to change, or any."""

    def check(self, version: int) -> None:
        """Raises StaleVersion for another one."""
        ...


class Segmenter(Protocol):
    """Cuts Chinese text into words."""

    @property
    def edition(self) -> str:
        """Names software and dictionary: what was indexed with another edition is indexed again."""
        ...

    def cut(self, text: str) -> list[str]:
        """The words in their order, also the shorter ones inside long ones; punctuation is a word too."""
        ...


class EntryWork(Protocol):
    """Acting on one entry."""

    async def stamp(self, after: datetime | None = None) -> datetime:
        """The instant of a fact: now, but later than ``after``."""
        ...

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None: ...

    async def lineage(self, unit: str) -> frozenset[str]:
        """The unit and all units above it; empty for an unknown one."""
        ...

    async def hold(self, entry_id: UUID) -> Entry:
        """The entry, locked until the transaction ends.

        Raises:
            NotFound: there is none.
        """
        ...

    async def insert(self, entry: Entry, row: HistoryRow) -> None:
        """Store a new entry with its first version and history item."""
        ...

    async def save(self, step: Step, row: HistoryRow) -> None:
        """Store what became of an entry and its versions, with the history item."""
        ...

    async def publish(self, publication: Publication) -> None:
        """Let it be found, and what was published before no longer from its beginning on."""
        ...

    async def unpublish(self, entry_id: UUID) -> None:
        """Nothing of the entry is found any more, nor later."""
        ...


class UnitWork(Protocol):
    """This service's copy of the units."""

    async def put(self, units: Sequence[Unit]) -> None:
        """Store each, unless a later version of it is here."""
        ...
