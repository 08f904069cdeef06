"""Take a new request in: what is known before anything is written, and what is then stored and announced.

The two halves are apart because many requests are written in one transaction (docs/decisions/0008):
ids and decisions are made once, before the first try; keys, instants and numbers belong to a try.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
import orjson

from hotline_contracts.ids import act_ids
from intake_svc.application import facts
from intake_svc.application.facts import Announcement
from intake_svc.application.history import BEGINNING, link
from intake_svc.application.ports import Actor, HistoryItem, RequesterKey
from intake_svc.application.texts import put_text, seal_words
from intake_svc.domain.requests import Decision, Matter, Standing, Words, first_outcome


class NewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was understood, with every id it will ever need.

    Attributes:
        requester_id: of its requester, if that one is new.
        held: a person decides first; no ticket number is taken and no text is sent on.
        key_scope: of its idempotency key; None without one.
        fingerprint: keyed hash of what was asked; equal for equal bodies.
    """

    request_id: UUID
    ticket_id: UUID
    text_id: UUID
    event_id: UUID
    text_event_id: UUID
    requester_id: UUID
    matter: Matter
    words: Words
    held: bool
    actor: Actor
    key_scope: str | None
    fingerprint: bytes


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """One request as one try will store it."""

    new: NewRequest
    standing: Standing
    sealed: bytes
    item: HistoryItem
    announcements: tuple[Announcement, ...]


class Stored(msgspec.Struct, frozen=True):
    """An answer that is durable.

    Attributes:
        body: JSON.
        replayed: the answer of an earlier request with the same idempotency key.
    """

    status: int
    body: bytes
    replayed: bool = False


class Submissions(Protocol):
    """Where new requests are stored, many at once."""

    async def submit(self, new: NewRequest) -> Stored:
        """Store a request, or find that it was stored before; the answer is durable.

        Raises:
            IdempotencyKeyReused: its key stands for another body.
            ChannelRefUsed: its channel's number stands for another body.
            Exception: it is not stored, or nobody can say so.
        """
        ...


def understand(
    matter: Matter,
    words: Words,
    decision: Decision | None,
    *,
    actor: Actor,
    key_scope: str | None,
    fingerprint: bytes,
    now: datetime,
) -> NewRequest:
    """Decide what becomes of a request and mint its ids; ``now`` is of the business clock."""
    request_id, ticket_id, text_id, event_id, text_event_id, requester_id = act_ids(now, 6)
    return NewRequest(
        request_id=request_id,
        ticket_id=ticket_id,
        text_id=text_id,
        event_id=event_id,
        text_event_id=text_event_id,
        requester_id=requester_id,
        matter=matter,
        words=words,
        held=first_outcome(decision, matter) == "pending",
        actor=actor,
        key_scope=key_scope,
        fingerprint=fingerprint,
    )


def prepare(new: NewRequest, key: RequesterKey, at: datetime, ticket_no: str | None) -> Prepared:
    """Seal, chain and announce; ``ticket_no`` is None exactly for a held request."""
    sealed = seal_words(new.words, key, new.request_id)
    if ticket_no is None:
        held = facts.held(new.matter, request_id=new.request_id)
        item, told = link(BEGINNING, held, event_id=new.event_id, at=at, actor=new.actor)
        fact = facts.of_request(told, item, request_id=new.request_id, ticket_id=new.ticket_id)
        standing = Standing(request_id=new.request_id, outcome="pending")
        return Prepared(new=new, standing=standing, sealed=sealed, item=item, announcements=(fact,))
    accepted = facts.accepted(
        new.matter,
        request_id=new.request_id,
        ticket_id=new.ticket_id,
        ticket_no=ticket_no,
        text_id=new.text_id,
    )
    item, chained = link(BEGINNING, accepted, event_id=new.event_id, at=at, actor=new.actor)
    text = put_text(new.words, key, text_id=new.text_id, ticket_id=new.ticket_id)
    return Prepared(
        new=new,
        standing=Standing(
            request_id=new.request_id, outcome="accepted", ticket_id=new.ticket_id, ticket_no=ticket_no
        ),
        sealed=sealed,
        item=item,
        announcements=(
            facts.of_request(chained, item, request_id=new.request_id, ticket_id=new.ticket_id),
            facts.of_text(text, event_id=new.text_event_id, at=at),
        ),
    )


def answer(standing: Standing) -> dict[str, Any]:
    """The public answer of a request, the same for each of its routes."""
    return {
        "request_id": standing.request_id,
        "outcome": standing.outcome,
        "ticket_id": standing.ticket_id,
        "ticket_no": standing.ticket_no,
        "reason": standing.reason,
        "guidance": standing.guidance,
    }


def answer_body(standing: Standing) -> bytes:
    """The answer as it is stored and sent."""
    return orjson.dumps(answer(standing), default=str)  # the driver's UUIDs are a subclass
