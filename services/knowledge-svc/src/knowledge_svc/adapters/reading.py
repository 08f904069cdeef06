"""Lists, single entries and searches, as PostgreSQL has them."""

from uuid import UUID

import asyncpg

from hotline_chassis.clocks import BusinessClock
from hotline_contracts.problems import NotFound
from knowledge_svc.adapters import statements
from knowledge_svc.adapters.rows import entry_of, version_of
from knowledge_svc.adapters.search_columns import all_of, any_of, half_of
from knowledge_svc.application.queries import EntryFilter, Hit
from knowledge_svc.domain.actors import Actor
from knowledge_svc.domain.entries import Entry, Version
from knowledge_svc.domain.search_text import Query


class SqlEntryReader:
    """``EntryReader`` on one connection; what may be quoted now is a matter of the business clock."""

    def __init__(self, connection: asyncpg.Connection, clock: BusinessClock) -> None:
        self._connection = connection
        self._clock = clock

    async def entry(self, entry_id: UUID) -> Entry:
        row = await self._connection.fetchrow(statements.ENTRY, entry_id)
        if row is None:
            raise NotFound("未找到该知识条目。")
        return entry_of(row)

    async def quotable(self, entry_id: UUID) -> Entry:
        row = await self._connection.fetchrow(statements.QUOTABLE, self._clock.now(), entry_id)
        if row is None:
            raise NotFound("未找到该知识条目。")
        return entry_of(row)

    async def page(self, actor: Actor, wanted: EntryFilter, limit: int) -> list[Entry]:
        created_at, entry_id = wanted.after or (None, None)
        common = (wanted.unit, wanted.kind, created_at, entry_id, limit)
        if actor.reads_the_city or actor.reads_a_subtree:
            subtree = None if actor.reads_the_city else actor.unit
            rows = await self._connection.fetch(statements.PAGE_OF_ALL, subtree, *common, wanted.state)
        elif wanted.state in {None, "published"}:
            rows = await self._connection.fetch(statements.PAGE_OF_QUOTABLE, self._clock.now(), *common)
        else:
            rows = []
        return [entry_of(row) for row in rows]

    async def versions(self, entry_id: UUID, before: int | None, limit: int) -> list[Version]:
        rows = await self._connection.fetch(statements.VERSIONS_BEFORE, entry_id, before, limit)
        return [version_of(row) for row in rows]

    async def search(self, query: Query, limit: int) -> list[Hit]:
        rows = await self._connection.fetch(
            statements.SEARCH,
            self._clock.now(),
            query.grams,
            list(query.terms),
            half_of(query),
            all_of(query.words, "A"),
            all_of(query.words),
            any_of(query.words),
            limit,
        )
        return [
            Hit(row["entry_id"], row["unit"], row["kind"], row["title"], row["body"], row["score"])
            for row in rows
        ]
