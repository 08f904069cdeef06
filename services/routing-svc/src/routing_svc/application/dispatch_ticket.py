"""Use case: deliver a ticket to its lead and supports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hotline_contracts.events.routing import AssignmentGiven, TicketDispatchedV1
from hotline_contracts.ids import act_id
from hotline_contracts.problems import NoDirectoryMatch, UnknownUnit
from hotline_contracts.values import Emergent
from routing_svc.application.ports import Held, TicketWork, UnitTree
from routing_svc.application.record_act import UNHASHED, Command, record, seal
from routing_svc.domain import tickets
from routing_svc.domain.directory import ensure_distinct, first_match
from routing_svc.domain.tickets import Charge, Ticket


@dataclass(frozen=True, slots=True)
class Order:
    """What the dispatcher chose; no lead: the directory decides, and its supports unless some are given."""

    lead: str | None = None
    supports: Sequence[str] | None = None
    note: str | None = None
    emergent: Emergent | None = None


async def dispatch_ticket(work: TicketWork, command: Command, order: Order) -> Held:
    """Deliver at the instant of this fact; clocks elsewhere start with it.

    Raises:
        InvalidInput: a unit is named twice.
        UnknownUnit: a named unit does not exist; said before anything of the ticket is.
        NoDirectoryMatch: no lead was given and no entry holds at this instant.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    ensure_distinct(order.lead, order.supports or ())
    named = [*([order.lead] if order.lead else []), *(order.supports or ())]
    lineages = await known_lineages(work, named)
    held = await work.hold(command.ticket_id)
    command.expected.check(held.ticket.version)
    tickets.ensure_allowed(held.ticket, "dispatch")

    at = await work.stamp(held.ticket.last_at)
    lead, supports = await _chosen(work, held.ticket, order, at)
    if order.lead is None:
        lineages = await known_lineages(work, [lead, *supports])
    charges = _charges([lead, *supports], lineages, at)
    after = tickets.dispatch(held.ticket, charges, order.emergent, at)

    note = [seal(held, order.note, "note", at)] if order.note else []
    event = TicketDispatchedV1(
        ticket_id=after.ticket_id,
        hash=UNHASHED,
        assignments=[
            AssignmentGiven(assignment_id=given.assignment_id, unit=given.unit, role=given.role)
            for given in charges
        ],
        type=after.type,
        emergent=after.emergent,
        round=after.round,
        text_id=note[0].text_id if note else None,
    )
    return await record(work, held, after, event, command.actor, at, note)


async def known_lineages(tree: UnitTree, codes: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Lineages of all these units.

    Raises:
        UnknownUnit: one of them does not exist.
    """
    if not codes:
        return {}
    found = await tree.lineages(codes)
    missing = [code for code in codes if code not in found]
    if missing:
        raise UnknownUnit(f"承办单位不存在：{'、'.join(missing)}。", units=missing)
    return found


async def _chosen(work: TicketWork, ticket: Ticket, order: Order, at: datetime) -> tuple[str, Sequence[str]]:
    if order.lead is not None:
        return order.lead, order.supports or ()
    entries = await work.candidates(ticket.category, ticket.area_code)
    entry = first_match(entries, ticket.category, ticket.area_code, at)
    if entry is None:
        raise NoDirectoryMatch("派单目录中没有与该工单的事项分类和区域匹配的承办单位，请指定主办单位。")
    if order.supports is None:
        return entry.lead, entry.supports
    ensure_distinct(entry.lead, order.supports)
    return entry.lead, order.supports


def _charges(units: Sequence[str], lineages: Mapping[str, tuple[str, ...]], at: datetime) -> list[Charge]:
    return [
        Charge(act_id(at), unit, lineages[unit], "support" if place else "lead")
        for place, unit in enumerate(units)
    ]
