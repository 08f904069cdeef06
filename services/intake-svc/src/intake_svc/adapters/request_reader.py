"""Requests as they are shown: one, or a page of them, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Select, select, tuple_

from hotline_chassis.database import fetch_all
from intake_svc.adapters.request_rows import stored_request
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.adapters.tables import requesters, requests
from intake_svc.application.ports import StoredRequest, Wanted

_repeated = requests.alias("repeated")
_SHOWN = select(
    requests,
    requesters.c.key_id,
    requesters.c.master_key_id,
    requesters.c.wrapped_key,
    _repeated.c.ticket_no.label("repeated_ticket_no"),
).select_from(
    requests.outerjoin(requesters, requests.c.requester_id == requesters.c.requester_id).outerjoin(
        _repeated, requests.c.repeated_ticket_id == _repeated.c.ticket_id
    )
)


class SqlRequestReads:
    """``RequestReads`` on PostgreSQL."""

    def __init__(self, connection: asyncpg.Connection, keys: RequesterKeys) -> None:
        self._connection = connection
        self._keys = keys

    async def find(self, request_id: UUID) -> StoredRequest | None:
        found = await self._fetch(_SHOWN.where(requests.c.request_id == request_id))
        return found[0] if found else None

    async def page(
        self, wanted: Wanted, after: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[StoredRequest]:
        query = _SHOWN
        if wanted.outcome is not None:
            query = query.where(requests.c.outcome == wanted.outcome)
        if wanted.channel is not None:
            query = query.where(requests.c.channel == wanted.channel)
        if wanted.from_at is not None:
            query = query.where(requests.c.created_at >= wanted.from_at)
        if wanted.to_at is not None:
            query = query.where(requests.c.created_at < wanted.to_at)
        key = tuple_(requests.c.created_at, requests.c.request_id)
        if after is not None:
            query = query.where(key < after)
        ordered = query.order_by(requests.c.created_at.desc(), requests.c.request_id.desc())
        return await self._fetch(ordered.limit(limit))

    async def _fetch(self, query: Select[Any]) -> list[StoredRequest]:
        return [stored_request(row, self._keys) for row in await fetch_all(self._connection, query)]
