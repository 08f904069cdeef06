"""What each reader is shown of a ticket, a history item, a unit."""

import orjson

from routing_svc.application.ports import Held
from routing_svc.application.queries import ChainedItem
from routing_svc.domain.actors import Actor
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.scope import hides_requester
from routing_svc.domain.tickets import Assignment
from routing_svc.domain.units import Unit
from routing_svc.entrypoints.schemas import (
    AssignmentOut,
    DirectoryEntryOut,
    HistoryItemOut,
    RequesterOut,
    TicketOut,
    UnitOut,
)


def ticket_shown(held: Held, actor: Actor) -> TicketOut:
    """The ticket as ``actor`` may see it; null words while they are not here."""
    ticket, words = held.ticket, held.words
    lead = ticket.lead
    return TicketOut(
        ticket_id=ticket.ticket_id,
        ticket_no=ticket.ticket_no,
        site=ticket.site,
        state=ticket.state,
        type=ticket.type,
        nature=ticket.nature,
        category=ticket.category,
        area_code=ticket.area_code,
        emergent=ticket.emergent,
        round=ticket.round,
        subject=words.subject if words else None,
        description=words.description if words else None,
        created_at=ticket.created_at,
        requester=_requester(held, actor),
        lead=lead.unit if lead else None,
        assignments=[_assignment(charge) for charge in ticket.assignments],
        determination=ticket.determination,
        version=ticket.version,
        allowed=ticket.allowed,
    )


def _requester(held: Held, actor: Actor) -> RequesterOut | None:
    if held.words is None or held.words.requester is None or hides_requester(held.ticket, actor):
        return None
    requester = held.words.requester
    return RequesterOut(name=requester.name, phone=requester.phone, confidential=held.ticket.confidential)


def _assignment(charge: Assignment) -> AssignmentOut:
    return AssignmentOut(
        assignment_id=charge.assignment_id,
        parent_assignment_id=charge.parent_assignment_id,
        unit=charge.unit,
        role=charge.role,
        state=charge.state,
        delivered_at=charge.delivered_at,
        signed_at=charge.signed_at,
        replied_at=charge.replied_at,
        released_at=charge.released_at,
    )


def item_shown(item: ChainedItem) -> HistoryItemOut:
    """The stored item with its place in the chain."""
    return HistoryItemOut(**orjson.loads(item.item), previous_hash=item.previous_hash, hash=item.hash)


def unit_shown(unit: Unit) -> UnitOut:
    return UnitOut(
        code=unit.code,
        version=unit.version,
        name=unit.name,
        group=unit.group,
        parent=unit.parent,
        uscc=unit.uscc,
    )


def entry_shown(entry: DirectoryEntry) -> DirectoryEntryOut:
    return DirectoryEntryOut(
        entry_id=entry.entry_id,
        category=entry.category,
        area_code=entry.area_code,
        lead=entry.lead,
        supports=list(entry.supports),
        effective_from=entry.effective_from,
        effective_to=entry.effective_to,
    )
