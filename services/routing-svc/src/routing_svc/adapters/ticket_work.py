"""Acting on tickets in PostgreSQL: the row's lock orders everything that happens to a ticket."""

from collections.abc import Sequence
from uuid import UUID

from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Transaction
from hotline_chassis.web.young_ids import is_young
from hotline_contracts.problems import NotFound
from routing_svc.adapters import statements
from routing_svc.adapters.announcing import SqlAnnouncer
from routing_svc.adapters.rows import entry_of, held_of
from routing_svc.application.ports import Held, HistoryRow, SealedText
from routing_svc.domain.directory import DirectoryEntry, prefixes_of
from routing_svc.domain.tickets import Ticket

_CANDIDATES = """
SELECT * FROM directory
WHERE (category IS NULL OR category = ANY($1)) AND (area_code IS NULL OR area_code = $2)
"""


class SqlTicketWork(SqlAnnouncer):
    """``TicketWork`` within one transaction."""

    def __init__(self, transaction: Transaction, keys: MasterKeys) -> None:
        super().__init__(transaction)
        self._keys = keys

    async def hold(self, ticket_id: UUID) -> Held:
        row = await self._connection.fetchrow(statements.HOLD_TICKET, ticket_id)
        if row is not None and row["version"] != row["seen_version"]:
            row = await self._connection.fetchrow(statements.HOLD_TICKET, ticket_id)
        if row is None:
            raise NotFound("未找到该工单。")
        self._transaction.take_floor(row["floor"])
        held = held_of(row, self._keys)
        # The words of a new ticket come on a topic of their own; until then the ticket is not here either.
        if held.words is None and is_young(ticket_id, self._transaction.clock.now()):
            raise NotFound("未找到该工单。")
        return held

    async def save(self, before: Ticket, after: Ticket, row: HistoryRow, texts: Sequence[SealedText]) -> None:
        known = set(before.assignments)
        changed = [(place, charge) for place, charge in enumerate(after.assignments) if charge not in known]
        await self._connection.execute(
            statements.SAVE_ACT,
            after.ticket_id,
            after.state,
            after.emergent,
            after.round,
            after.rejections,
            after.determination,
            after.replied_by,
            row.seq,
            row.at,
            row.hash,
            row.event_id,
            row.type,
            row.item,
            row.previous_hash,
            [place for place, _ in changed],
            [charge.assignment_id for _, charge in changed],
            [charge.parent_assignment_id for _, charge in changed],
            [charge.unit for _, charge in changed],
            [charge.role for _, charge in changed],
            [charge.state for _, charge in changed],
            [charge.delivered_at for _, charge in changed],
            [charge.signed_at for _, charge in changed],
            [charge.replied_at for _, charge in changed],
            [charge.released_at for _, charge in changed],
            [text.text_id for text in texts],
            [text.key_id for text in texts],
            [text.sealed for text in texts],
            [text.kind for text in texts],
            *self._transaction.take_outbox_columns(),
            after.redo_decision,
        )

    async def candidates(self, category: str | None, area_code: str) -> list[DirectoryEntry]:
        rows = await self._connection.fetch(_CANDIDATES, prefixes_of(category), area_code)
        return [entry_of(row) for row in rows]
