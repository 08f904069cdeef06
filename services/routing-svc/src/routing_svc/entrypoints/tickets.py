"""HTTP: lists of tickets, one ticket, its history."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from hotline_chassis.web.etag import show_version
from hotline_chassis.web.fields import Instant
from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import WorkRouter
from hotline_contracts.problems import NotFound
from hotline_contracts.values import TicketState, TicketType, UnitCode
from routing_svc.application.queries import TicketFilter, read_ticket
from routing_svc.domain.actors import READERS
from routing_svc.entrypoints.schemas import HistoryItemOut, TicketOut
from routing_svc.entrypoints.showing import item_shown, ticket_shown
from routing_svc.entrypoints.stores import ActorDep, TicketReaderDep

router = WorkRouter(prefix="/api/v1/tickets", tags=["tickets"])

_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
Reference = Annotated[
    str,
    Path(pattern=rf"^({_UUID}|[0-9]{{8}}-[0-9]{{6}})$", description="Id or number of the ticket."),
]


@router.get("", roles=READERS)
async def list_tickets(
    actor: ActorDep,
    reader: TicketReaderDep,
    paging: Paging,
    state: TicketState | None = None,
    unit: UnitCode | None = None,
    type: TicketType | None = None,  # noqa: A002 - the contract's name
    created_from: Annotated[Instant | None, Query(alias="from")] = None,
    created_to: Annotated[Instant | None, Query(alias="to")] = None,
) -> Page[TicketOut]:
    """Tickets the caller may see, newest first; `unit` asks for its whole subtree, `from`/`to` for creation."""
    wanted = TicketFilter(state, unit, type, created_from, created_to, paging.after(datetime, UUID))
    found = await reader.page(actor, wanted, paging.fetch)
    return paging.page(
        found,
        key=lambda held: (held.ticket.created_at, held.ticket.ticket_id),
        show=lambda held: ticket_shown(held, actor),
    )


@router.get("/{ticket_id}", roles=READERS, refuses=[NotFound])
async def get_ticket(
    ticket_id: Reference, actor: ActorDep, reader: TicketReaderDep, response: Response
) -> TicketOut:
    """One ticket, by id or number."""
    held = await read_ticket(reader, ticket_id, actor)
    show_version(response, held.ticket.version)
    return ticket_shown(held, actor)


@router.get("/{ticket_id}/history", roles=READERS, refuses=[NotFound])
async def get_history(
    ticket_id: Reference, actor: ActorDep, reader: TicketReaderDep, paging: Paging
) -> Page[HistoryItemOut]:
    """Everything that happened to a ticket, by `seq`: a hash chain without personal data."""
    held = await read_ticket(reader, ticket_id, actor)
    (after_seq,) = paging.after(int) or (0,)
    items = await reader.history(held.ticket.ticket_id, after_seq, paging.fetch)
    return paging.page(items, key=lambda item: (item.seq,), show=item_shown)
