"""Lists and single tickets, as PostgreSQL has them."""

from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Select, exists, select, tuple_

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import fetch_all
from hotline_chassis.web.young_ids import is_young
from hotline_contracts.problems import NotFound
from hotline_contracts.values import UnitGroup
from routing_svc.adapters import statements
from routing_svc.adapters.rows import entry_of, held_of, unit_of
from routing_svc.adapters.tables import ASSIGNMENTS, DIRECTORY, TICKETS, UNITS
from routing_svc.application.ports import Held
from routing_svc.application.queries import ChainedItem, TicketFilter
from routing_svc.domain.actors import Actor
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.units import Unit

_LENGTH_OF_UUID = 36


class SqlTicketReader:
    def __init__(self, connection: asyncpg.Connection, keys: MasterKeys, clock: BusinessClock) -> None:
        self._connection = connection
        self._keys = keys
        self._clock = clock

    async def get(self, reference: str) -> Held:
        if len(reference) == _LENGTH_OF_UUID:
            row = await self._connection.fetchrow(statements.TICKET_BY_ID, UUID(reference))
        else:
            row = await self._connection.fetchrow(statements.TICKET_BY_NUMBER, reference)
        if row is None:
            raise NotFound("未找到该工单。")
        held = held_of(row, self._keys)
        if held.words is None and is_young(held.ticket.ticket_id, self._clock.now()):
            raise NotFound("未找到该工单。")
        return held

    async def page(self, actor: Actor, wanted: TicketFilter, limit: int) -> list[Held]:
        found = await fetch_all(self._connection, ticket_ids(actor, wanted, limit))
        rows = await self._connection.fetch(statements.TICKETS_BY_IDS, [row["ticket_id"] for row in found])
        by_id = {row["ticket_id"]: held_of(row, self._keys) for row in rows}
        return [by_id[row["ticket_id"]] for row in found]

    async def history(self, ticket_id: UUID, after_seq: int, limit: int) -> list[ChainedItem]:
        rows = await self._connection.fetch(statements.HISTORY_AFTER, ticket_id, after_seq, limit)
        return [ChainedItem(row["seq"], row["item"], row["previous_hash"], row["hash"]) for row in rows]


def ticket_ids(actor: Actor, wanted: TicketFilter, limit: int) -> Select[tuple[UUID]]:
    """Ids of one page, newest first; a unit's person gets nothing outside the unit's subtree."""
    query = select(TICKETS.c.ticket_id).order_by(TICKETS.c.created_at.desc(), TICKETS.c.ticket_id.desc())
    conditions = [*_wanted(wanted)]
    subtrees = [unit for unit in (wanted.unit, None if actor.reads_the_city else actor.unit) if unit]
    if subtrees or not actor.reads_the_city:
        conditions.append(_has_assignment_in(subtrees))
    return query.where(*conditions).limit(limit)


def _wanted(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    created_at = TICKETS.c.created_at
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        conditions.append(TICKETS.c.state == wanted.state)
    if wanted.type is not None:
        conditions.append(TICKETS.c.type == wanted.type)
    if wanted.created_from is not None:
        conditions.append(created_at >= wanted.created_from)
    if wanted.created_to is not None:
        conditions.append(created_at < wanted.created_to)
    if wanted.after is not None:
        conditions.append(tuple_(created_at, TICKETS.c.ticket_id) < tuple_(*wanted.after))
    return conditions


def _has_assignment_in(subtrees: list[str]) -> ColumnElement[bool]:
    """One assignment that lies in all of these subtrees."""
    below = select(UNITS.c.code).where(UNITS.c.lineage.contains(subtrees))
    return exists().where(ASSIGNMENTS.c.ticket_id == TICKETS.c.ticket_id, ASSIGNMENTS.c.unit.in_(below))


class SqlUnitReader:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def units(self, group: UnitGroup | None, after: str | None, limit: int) -> list[Unit]:
        query = select(UNITS).order_by(UNITS.c.code).limit(limit)
        if group is not None:
            query = query.where(UNITS.c.group == group)
        if after is not None:
            query = query.where(UNITS.c.code > after)
        return [unit_of(row) for row in await fetch_all(self._connection, query)]

    async def directory(self, before: UUID | None, limit: int) -> list[DirectoryEntry]:
        query = select(DIRECTORY).order_by(DIRECTORY.c.entry_id.desc()).limit(limit)
        if before is not None:
            query = query.where(DIRECTORY.c.entry_id < before)
        return [entry_of(row) for row in await fetch_all(self._connection, query)]
