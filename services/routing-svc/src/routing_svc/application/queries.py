"""What can be read, and by which filters; one connection, nothing changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from hotline_contracts.values import TicketState, TicketType, UnitGroup
from routing_svc.application.ports import Held
from routing_svc.domain.actors import Actor
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.scope import ensure_visible
from routing_svc.domain.units import Unit


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets of those the reader may see.

    Attributes:
        unit: tickets with an assignment in this unit's subtree.
        created_from: first instant of creation; ``created_to`` is the first one no longer asked for.
        after: creation instant and id of the last ticket already shown.
    """

    state: TicketState | None
    unit: str | None
    type: TicketType | None
    created_from: datetime | None
    created_to: datetime | None
    after: tuple[datetime, UUID] | None


@dataclass(frozen=True, slots=True)
class ChainedItem:
    """A history item as stored: ``item`` is RFC 8785 JSON without both hashes."""

    seq: int
    item: bytes
    previous_hash: str
    hash: str


class TicketReader(Protocol):
    async def get(self, reference: str) -> Held:
        """A ticket by id or number.

        Raises:
            NotFound: not here, or so young that its words are still on their way.
        """
        ...

    async def page(self, actor: Actor, wanted: TicketFilter, limit: int) -> list[Held]:
        """Newest first, up to ``limit``, within what ``actor`` may see."""
        ...

    async def history(self, ticket_id: UUID, after_seq: int, limit: int) -> list[ChainedItem]: ...


class UnitReader(Protocol):
    async def units(self, group: UnitGroup | None, after: str | None, limit: int) -> list[Unit]:
        """By code."""
        ...

    async def directory(self, before: UUID | None, limit: int) -> list[DirectoryEntry]:
        """Newest first; ``before`` is the last entry already shown."""
        ...


async def read_ticket(reader: TicketReader, reference: str, actor: Actor) -> Held:
    """A ticket that ``actor`` may see.

    Raises:
        NotFound: there is none.
    """
    held = await reader.get(reference)
    ensure_visible(held.ticket, actor)
    return held
