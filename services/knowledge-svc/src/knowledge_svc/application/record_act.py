"""Every act on an entry ends here: chained to the history, stored, announced."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from hotline_contracts.canonical import canonical, chain_hash, instant_text
from hotline_contracts.events.base import plain
from hotline_contracts.events.knowledge import EntryEvent
from hotline_contracts.ids import act_id
from knowledge_svc.application.ports import EntryWork, ExpectedVersion, HistoryRow
from knowledge_svc.domain.actors import Actor, ensure_may_act
from knowledge_svc.domain.entries import Entry, Step
from knowledge_svc.domain.transitions import Action, roles_for

UNHASHED = ""
"""Stands in an event until its place in the chain is known."""

EntryEventT = TypeVar("EntryEventT", bound=EntryEvent)


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody asks for an action on an entry, as of a revision of it."""

    entry_id: UUID
    actor: Actor
    expected: ExpectedVersion


async def take(work: EntryWork, command: Command, action: Action) -> Entry:
    """The entry, locked, for somebody who may do this to it.

    Raises:
        NotFound: there is none, or it is another unit's.
        Forbidden: it is visible, but not by a role that may do this.
        StaleVersion: it changed since the caller read it.
    """
    entry = await work.hold(command.entry_id)
    ensure_may_act(command.actor, entry.lineage, roles_for(action))
    command.expected.check(entry.revision)
    return entry


async def record(work: EntryWork, step: Step, event: EntryEvent, actor: Actor, at: datetime) -> Entry:
    """Store what an action made of an entry, with its history item and its event."""
    entry, row = announce(work, step.entry, event, actor, at)
    await work.save(replace(step, entry=entry), row)
    return entry


def announce(
    work: EntryWork, entry: Entry, event: EntryEvent, actor: Actor, at: datetime
) -> tuple[Entry, HistoryRow]:
    """Chain and announce an event: the entry with its new head, and the row still to be stored."""
    entry, row, event = chained(entry, event, act_id(at), actor, at)
    subject = entry.entry_id
    work.announce(event, event_id=row.event_id, subject=subject, key=subject, sequence=row.seq, at=at)
    return entry, row


def chained(
    entry: Entry, event: EntryEventT, event_id: UUID, actor: Actor, at: datetime
) -> tuple[Entry, HistoryRow, EntryEventT]:
    """Append an event to an entry's history: the entry with its new head, the row, the event with its hash."""
    seq = entry.revision + 1
    data = plain(event)
    del data["hash"], data["entry_id"]
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
    head = chain_hash(entry.last_hash, item)
    row = HistoryRow(entry.entry_id, seq, event_id, event.TYPE, at, item, entry.last_hash, head)
    moved = replace(entry, revision=seq, last_at=at, last_hash=head)
    return moved, row, msgspec.structs.replace(event, hash=head)
