"""Tickets and units in PostgreSQL, as far as this service knows them."""

from collections.abc import Sequence

import asyncpg

from sla_svc.application.ports import KnownTicket, Unit

_PUT_TICKETS = """
INSERT INTO tickets (ticket_id, ticket_no, type, emergent)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
"""
_PUT_UNITS = """
INSERT INTO units (code, version, name, parent)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, parent = excluded.parent
WHERE units.version < excluded.version
"""


class SqlTickets:
    """Port ``TicketStore``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def put(self, tickets: Sequence[KnownTicket]) -> None:
        await self._connection.execute(
            _PUT_TICKETS,
            [ticket.ticket_id for ticket in tickets],
            [ticket.ticket_no for ticket in tickets],
            [ticket.type for ticket in tickets],
            [ticket.emergent for ticket in tickets],
        )


class SqlUnits:
    """Port ``UnitStore``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def put(self, units: Sequence[Unit]) -> None:
        await self._connection.execute(
            _PUT_UNITS,
            [unit.code for unit in units],
            [unit.version for unit in units],
            [unit.name for unit in units],
            [unit.parent for unit in units],
        )
