"""Reads for people, built by SQLAlchemy: their filters vary."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import ColumnElement, Select, Table, and_, literal, or_, select, tuple_

from hotline_chassis.database import fetch_all
from sla_svc.adapters.tables import calendars, cards, clocks, policies, tickets, units
from sla_svc.application.views import CardFilter, ClockFilter, Key, Row, Scope, Window

_JSON = frozenset({"calendar_versions", "document", "days"})


class SqlViews:
    """Port ``Views``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def ticket_id(self, ticket: UUID | str) -> UUID | None:
        column = tickets.c.ticket_id if isinstance(ticket, UUID) else tickets.c.ticket_no
        rows = await self._rows(select(tickets.c.ticket_id).where(column == ticket))
        return rows[0]["ticket_id"] if rows else None

    async def clocks_of_ticket(self, ticket_id: UUID, scope: Scope, window: Window) -> list[Row]:
        order = (clocks.c.started_at, clocks.c.duty, clocks.c.clock_id)
        # As the indexes have them: clocks about the ticket itself, and about something else of it.
        of_it = and_(clocks.c.ticket_id == ticket_id, clocks.c.ticket_id != clocks.c.subject_id)
        query = _within(scope, clocks).where(or_(clocks.c.subject_id == ticket_id, of_it))
        if window.after is not None:
            query = query.where(tuple_(*order) > _key(order, window.after))
        return await self._rows(query.order_by(*order).limit(window.limit))

    async def clocks(self, wanted: ClockFilter, scope: Scope, window: Window) -> list[Row]:
        query = _within(scope, clocks)
        if wanted.duty is not None:
            query = query.where(clocks.c.duty == wanted.duty)
        if wanted.unit is not None:
            query = query.where(clocks.c.unit == wanted.unit)
        if wanted.subject_id is not None:
            query = query.where(clocks.c.subject_id == wanted.subject_id)
        return await self._newest_first(query, (clocks.c.started_at, clocks.c.clock_id), window)

    async def cards(self, wanted: CardFilter, scope: Scope, window: Window) -> list[Row]:
        query = _within(scope, cards)
        for column, value in (
            (cards.c.card, wanted.card),
            (cards.c.unit, wanted.unit),
            (cards.c.duty, wanted.duty),
            (cards.c.ticket_id, wanted.ticket_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.since is not None:
            query = query.where(cards.c.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(cards.c.at < wanted.until)
        return await self._newest_first(query, (cards.c.at, cards.c.card_id), window)

    async def policies(self, window: Window) -> list[Row]:
        return await self._newest_first(select(policies), (policies.c.version,), window)

    async def calendar(self, layer: str, year: int) -> Row | None:
        query = select(calendars).where(calendars.c.layer == layer, calendars.c.year == year)
        rows = await self._rows(query.order_by(calendars.c.version.desc()).limit(1))
        return rows[0] if rows else None

    async def knows_unit(self, code: str) -> bool:
        return bool(await self._rows(select(units.c.code).where(units.c.code == code)))

    async def _newest_first(
        self, query: Select[Any], order: tuple[ColumnElement[Any], ...], window: Window
    ) -> list[Row]:
        if window.after is not None:
            query = query.where(tuple_(*order) < _key(order, window.after))
        return await self._rows(query.order_by(*(column.desc() for column in order)).limit(window.limit))

    async def _rows(self, query: Select[Any]) -> list[Row]:
        return [
            {name: orjson.loads(value) if name in _JSON else value for name, value in row.items()}
            for row in await fetch_all(self._connection, query)
        ]


def _key(order: tuple[ColumnElement[Any], ...], after: Key) -> Any:
    return tuple_(*(literal(part, column.type) for part, column in zip(after or (), order, strict=True)))


def _within(scope: Scope, table: Table) -> Select[Any]:
    """All rows of the table that the scope may see."""
    if scope.unit is None:
        return select(table)
    subtree = select(literal(scope.unit).label("code")).cte("subtree", recursive=True)
    subtree = subtree.union(select(units.c.code).join(subtree, units.c.parent == subtree.c.code))
    return select(table).where(table.c.unit.in_(select(subtree.c.code)))
