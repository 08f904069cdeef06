"""What other services tell, copied: tickets, measured clocks, units and policies."""

from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg
import orjson

from evaluation_svc.adapters import statements
from evaluation_svc.application.ports import Charge, NewTicket, PolicyRecord
from evaluation_svc.domain.due_tickets import DueTicket, DutyClock
from evaluation_svc.domain.units import Unit
from hotline_contracts.canonical import GENESIS


class SqlTickets:
    """Port ``TicketStore``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def add(self, tickets: Sequence[NewTicket], charges: Sequence[Charge]) -> None:
        await self._connection.execute(
            statements.ADD_TICKETS,
            [ticket.ticket_id for ticket in tickets],
            [ticket.ticket_no for ticket in tickets],
            GENESIS,
            [charge.assignment_id for charge in charges],
            [charge.ticket_id for charge in charges],
            [charge.unit for charge in charges],
        )

    async def charges(self, assignment_ids: Collection[UUID]) -> dict[UUID, Charge]:
        if not assignment_ids:
            return {}
        rows = await self._connection.fetch(statements.CHARGES, list(assignment_ids))
        return {row["assignment_id"]: Charge(*row) for row in rows}


class SqlClocks:
    """Port ``ClockStore``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def of_tickets(self, ticket_ids: Collection[UUID]) -> list[DutyClock]:
        rows = await self._connection.fetch(statements.CLOCKS_OF_TICKETS, list(ticket_ids))
        return [DutyClock(*row) for row in rows]

    async def put(self, clocks: Sequence[DutyClock], due: Sequence[DueTicket]) -> None:
        await self._connection.execute(
            statements.PUT_CLOCKS,
            [clock.clock_id for clock in clocks],
            [clock.ticket_id for clock in clocks],
            [clock.unit for clock in clocks],
            [clock.due_at for clock in clocks],
            [clock.state for clock in clocks],
            [clock.red for clock in clocks],
            [ticket.ticket_id for ticket in due],
            [ticket.unit for ticket in due],
            [ticket.due_at for ticket in due],
            [ticket.standing for ticket in due],
        )


class SqlReferences:
    """Port ``ReferenceStore``."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def put_units(self, units: Sequence[Unit]) -> None:
        newest = {unit.code: unit for unit in sorted(units, key=lambda unit: unit.version)}.values()
        await self._connection.execute(
            statements.PUT_UNITS,
            [unit.code for unit in newest],
            [unit.version for unit in newest],
            [unit.name for unit in newest],
            [unit.group for unit in newest],
            [unit.parent for unit in newest],
        )

    async def add_policies(self, policies: Sequence[PolicyRecord]) -> None:
        await self._connection.execute(
            statements.ADD_POLICIES,
            [policy.version for policy in policies],
            [policy.effective_from for policy in policies],
            [orjson.dumps(policy.document).decode() for policy in policies],
        )
