"""Decisions about requests, within the transaction of their route."""

from datetime import date
from uuid import UUID

import asyncpg

from intake_svc.adapters.request_rows import stored_request
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.adapters.serials import TAKE_SERIALS
from intake_svc.application.ports import HistoryItem, Refused, StoredRequest
from intake_svc.domain.numbering import ticket_no

_LOCK = """
SELECT r.*, k.key_id, k.master_key_id, k.wrapped_key, NULL AS repeated_ticket_no
FROM requests r LEFT JOIN requesters k USING (requester_id) WHERE r.request_id = $1 FOR UPDATE OF r
"""
_TICKET = "SELECT ticket_no FROM requests WHERE ticket_id = $1 AND outcome = 'accepted'"
_APPEND = "INSERT INTO request_history (request_id, seq, item, hash) VALUES ($1, $2, $3, $4)"
_ACCEPT = """
UPDATE requests SET outcome = 'accepted', ticket_no = $2, decided_at = $3, seq = $4, last_at = $3, last_hash = $5
WHERE request_id = $1
"""
_DECLINE = """
UPDATE requests SET outcome = 'declined', reason = $2, guidance = $3, own_guidance = $4, repeated_ticket_id = $5,
    decided_at = $6, seq = $7, last_at = $6, last_hash = $8
WHERE request_id = $1
"""
_ERASE = """
WITH was AS (SELECT request_id, requester_id FROM requests WHERE request_id = $1),
erased AS (
    UPDATE requests r SET sealed = NULL, requester_id = NULL, category = NULL
    FROM was WHERE r.request_id = was.request_id
)
SELECT requester_id FROM was
"""
# Whoever is storing a request of the same requester holds its row: only after that one's end is it known
# whether it was the last.
_CLAIM = "SELECT FROM requesters WHERE requester_id = $1 FOR UPDATE"
# The key goes with the last request it opens: what backups still hold of it is then unreadable too.
_FORGET = """
DELETE FROM requesters k WHERE k.requester_id = $1
AND NOT EXISTS (SELECT FROM requests r WHERE r.requester_id = k.requester_id)
"""


class SqlRequestStore:
    """``RequestStore`` on PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection, keys: RequesterKeys) -> None:
        self._connection = connection
        self._keys = keys

    async def locked(self, request_id: UUID) -> StoredRequest | None:
        row = await self._connection.fetchrow(_LOCK, request_id)
        return None if row is None else stored_request(row, self._keys)

    async def accepted_ticket(self, ticket_id: UUID) -> str | None:
        found: str | None = await self._connection.fetchval(_TICKET, ticket_id)
        return found

    async def next_ticket_no(self, day: date) -> str:
        return ticket_no(day, await self._connection.fetchval(TAKE_SERIALS, day, 1))

    async def accept(self, request_id: UUID, ticket_no: str, item: HistoryItem) -> None:
        await self._connection.execute(_ACCEPT, request_id, ticket_no, item.at, item.seq, item.hash)
        await self._append(request_id, item)

    async def decline(self, request_id: UUID, refused: Refused, item: HistoryItem) -> None:
        await self._connection.execute(
            _DECLINE,
            request_id,
            refused.reason,
            refused.guidance,
            refused.sealed_guidance,
            refused.repeated_ticket_id,
            item.at,
            item.seq,
            item.hash,
        )
        await self._append(request_id, item)
        if refused.erases:
            requester_id = await self._connection.fetchval(_ERASE, request_id)
            await self._connection.execute(_CLAIM, requester_id)
            await self._connection.execute(_FORGET, requester_id)

    async def _append(self, request_id: UUID, item: HistoryItem) -> None:
        await self._connection.execute(_APPEND, request_id, item.seq, item.item, item.hash)
