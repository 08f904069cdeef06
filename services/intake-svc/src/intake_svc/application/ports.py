"""What the use cases need of the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec

from hotline_contracts.events.base import Event
from hotline_contracts.values import Channel, DeclineReason, RequestOutcome
from intake_svc.domain.requests import Matter, Standing


class RequesterKey(Protocol):
    """A requester's own key: whoever lacks it cannot read the words it sealed."""

    @property
    def key_id(self) -> UUID: ...
    @property
    def master_key_id(self) -> str: ...
    @property
    def wrapped(self) -> bytes: ...

    def seal(self, plaintext: bytes, context: str) -> bytes: ...
    def open(self, sealed: bytes, context: str) -> bytes: ...


class Work(Protocol):
    """One transaction, as far as a use case sees it."""

    async def stamp(self, after: datetime | None = None) -> datetime:
        """The instant of a fact, later than ``after``."""
        ...

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None: ...


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who did something, as the history names it."""

    sub: str
    roles: tuple[str, ...]
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainEnd:
    """Where a request's history stands; ``seq`` 0 and the genesis hash before its first item."""

    seq: int
    at: datetime | None
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as it lies in the database.

    Attributes:
        ticket_id: reserved when the request was taken in; its ticket's, once it is accepted.
        sealed: the words, with ``key``; both None once erased.
        created_at: when it was taken in; ``decided_at`` when it was accepted or declined.
    """

    request_id: UUID
    ticket_id: UUID
    text_id: UUID
    matter: Matter
    standing: Standing
    sealed: bytes | None
    key: RequesterKey | None
    created_at: datetime
    decided_at: datetime | None
    end: ChainEnd


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain: the RFC 8785 bytes and the hash over them and the previous hash."""

    event_id: UUID
    seq: int
    at: datetime
    item: bytes
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A decline as it is stored.

    Attributes:
        guidance: the class's own text, as told.
        sealed_guidance: a person's text instead, under the requester's key.
        erases: the words, the category and the tie to the requester go in this transaction.
    """

    reason: DeclineReason
    guidance: str | None
    sealed_guidance: bytes | None
    repeated_ticket_id: UUID | None
    erases: bool


class RequestStore(Protocol):
    """Requests within one transaction."""

    async def locked(self, request_id: UUID) -> StoredRequest | None:
        """The request, nobody else's until the transaction ends."""
        ...

    async def accepted_ticket(self, ticket_id: UUID) -> str | None:
        """The number of a ticket that some request became; None if none did."""
        ...

    async def next_ticket_no(self, day: date) -> str: ...

    async def accept(self, request_id: UUID, ticket_no: str, item: HistoryItem) -> None: ...

    async def decline(self, request_id: UUID, refused: Refused, item: HistoryItem) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a list is asked for; the interval of ``created_at`` holds its start, not its end."""

    outcome: RequestOutcome | None
    channel: Channel | None
    from_at: datetime | None
    to_at: datetime | None


class RequestReads(Protocol):
    """Requests as they are shown."""

    async def find(self, request_id: UUID) -> StoredRequest | None: ...

    async def page(
        self, wanted: Wanted, after: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[StoredRequest]:
        """Up to ``limit`` requests, newest first, older than ``after`` (instant and id of the last shown)."""
        ...
