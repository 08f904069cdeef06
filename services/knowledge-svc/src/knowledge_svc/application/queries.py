"""What can be read, and by which filters; one connection, nothing changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hotline_contracts.problems import NotFound
from hotline_contracts.values import EntryKind
from knowledge_svc.domain.actors import Actor
from knowledge_svc.domain.entries import Entry, Version
from knowledge_svc.domain.search_text import Query
from knowledge_svc.domain.transitions import EntryState


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries of those the reader may see.

    Attributes:
        state: entries of which the newest version is in this state, or, for ``published``, any version.
        unit: entries of this unit's subtree.
        after: creation instant and id of the last entry already shown.
    """

    state: EntryState | None
    unit: str | None
    kind: EntryKind | None
    after: tuple[datetime, UUID] | None


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found; ``score`` is higher the better it fits."""

    entry_id: UUID
    unit: str
    kind: EntryKind
    title: str
    body: str
    score: float


class EntryReader(Protocol):
    async def entry(self, entry_id: UUID) -> Entry:
        """The entry with its newest version, whoever asks.

        Raises:
            NotFound: there is none.
        """
        ...

    async def quotable(self, entry_id: UUID) -> Entry:
        """The entry with the version that may be quoted now in place of its newest.

        Raises:
            NotFound: there is none, or nothing of it may be quoted now.
        """
        ...

    async def page(self, actor: Actor, wanted: EntryFilter, limit: int) -> list[Entry]:
        """Newest first, up to ``limit``: what ``actor`` reads whole, or else what may be quoted now."""
        ...

    async def versions(self, entry_id: UUID, before: int | None, limit: int) -> list[Version]:
        """Newest first; ``before`` is the last one already shown."""
        ...

    async def search(self, query: Query, limit: int) -> list[Hit]:
        """What may be quoted now and fits, best first."""
        ...


async def read_entry(reader: EntryReader, entry_id: UUID, actor: Actor) -> Entry:
    """The entry: its newest version for who works on it, for everybody else what may be quoted now.

    Raises:
        NotFound: nothing that ``actor`` may see.
    """
    entry = await reader.entry(entry_id)
    if actor.is_insider(entry.lineage):
        return entry
    return await reader.quotable(entry_id)


async def read_versions(
    reader: EntryReader, entry_id: UUID, actor: Actor, before: int | None, limit: int
) -> list[Version]:
    """All that was ever written of an entry.

    Raises:
        NotFound: none, or another unit's.
    """
    entry = await reader.entry(entry_id)
    if not actor.is_insider(entry.lineage):
        raise NotFound("未找到该知识条目。")
    return await reader.versions(entry_id, before, limit)
