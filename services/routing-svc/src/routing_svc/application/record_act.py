"""Every act on a ticket ends here: chained to the history, stored, announced."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
import orjson

from hotline_contracts.canonical import canonical, chain_hash, instant_text
from hotline_contracts.events.base import plain
from hotline_contracts.events.routing import TicketEvent, TicketTextPutV1
from hotline_contracts.ids import act_id, derived_id
from hotline_contracts.problems import Unavailable
from routing_svc.application.ports import (
    ExpectedVersion,
    Held,
    HistoryRow,
    SealedText,
    TextKind,
    TicketWork,
)
from routing_svc.domain.actors import Actor
from routing_svc.domain.tickets import Ticket

UNHASHED = ""
"""Stands in an event until its place in the chain is known."""

TicketEventT = TypeVar("TicketEventT", bound=TicketEvent)


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody asks for an action on a ticket, as of a version of it."""

    ticket_id: UUID
    actor: Actor
    expected: ExpectedVersion


def chained(
    ticket: Ticket, event: TicketEventT, event_id: UUID, actor: Actor, at: datetime
) -> tuple[Ticket, HistoryRow, TicketEventT]:
    """Append an event to a ticket's history: the ticket with its new head, the row, the event with its hash."""
    seq = ticket.version + 1
    data = plain(event)
    del data["hash"], data["ticket_id"]
    item = canonical(
        {
            "seq": seq,
            "event_id": str(event_id),
            "type": event.TYPE,
            "at": instant_text(at),
            "actor": {"sub": actor.sub, "roles": list(actor.roles), "unit": actor.unit},
            "data": data,
        }
    )
    head = chain_hash(ticket.last_hash, item)
    row = HistoryRow(ticket.ticket_id, seq, event_id, event.TYPE, at, item, ticket.last_hash, head)
    moved = replace(ticket, version=seq, last_at=at, last_hash=head)
    return moved, row, msgspec.structs.replace(event, hash=head)


async def record(
    work: TicketWork,
    held: Held,
    after: Ticket,
    event: TicketEvent,
    actor: Actor,
    at: datetime,
    texts: Sequence[SealedText] = (),
) -> Held:
    """Store what an action made of a ticket, with its history item and its events."""
    event_id = act_id(at)
    ticket, row, event = chained(after, event, event_id, actor, at)
    subject = ticket.ticket_id
    work.announce(event, event_id=event_id, subject=subject, key=subject, sequence=row.seq, at=at)
    for text in texts:
        _announce_text(work, text, at)
    await work.save(held.ticket, ticket, row, texts)
    return replace(held, ticket=ticket)


def seal(held: Held, text: str, kind: TextKind, at: datetime) -> SealedText:
    """Words under the requester's key.

    Raises:
        Unavailable: the requester's key is not here: it has not arrived, or was erased.
    """
    if held.sealer is None:
        raise Unavailable("诉求人密钥尚未到达，暂不能登记文字内容，请稍后再试。")
    text_id = act_id(at)
    sealed = held.sealer.seal(orjson.dumps({"text": text}), str(text_id))
    return SealedText(text_id, held.ticket.ticket_id, held.sealer.key_id, sealed, kind)


def _announce_text(work: TicketWork, text: SealedText, at: datetime) -> None:
    work.announce(
        TicketTextPutV1(
            text_id=text.text_id,
            ticket_id=text.ticket_id,
            key_id=text.key_id,
            sealed=_base64(text.sealed),
        ),
        event_id=derived_id("text", text.text_id),
        subject=text.text_id,
        key=text.text_id,
        sequence=1,
        at=at,
    )


def _base64(sealed: bytes) -> str:
    return b64encode(sealed).decode()
