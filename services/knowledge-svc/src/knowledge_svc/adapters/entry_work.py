"""Acting on entries in PostgreSQL: the row's lock orders everything that happens to an entry."""

from datetime import datetime
from uuid import UUID

from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event
from hotline_contracts.problems import NotFound
from knowledge_svc.adapters import statements
from knowledge_svc.adapters.rows import entry_of
from knowledge_svc.adapters.search_columns import columns_of
from knowledge_svc.application.ports import HistoryRow, Publication, Segmenter
from knowledge_svc.domain.entries import Entry, Step, Version


class SqlEntryWork:
    """``EntryWork`` within one transaction."""

    def __init__(self, transaction: Transaction, segmenter: Segmenter) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._segmenter = segmenter

    async def stamp(self, after: datetime | None = None) -> datetime:
        return await self._transaction.stamp(after)

    def announce(
        self, event: Event, *, event_id: UUID, subject: object, key: object, sequence: int, at: datetime
    ) -> None:
        self._transaction.announce(
            event, event_id=event_id, subject=subject, key=key, sequence=sequence, at=at
        )

    async def lineage(self, unit: str) -> frozenset[str]:
        return frozenset(await self._connection.fetchval(statements.LINEAGE_OF, unit) or ())

    async def hold(self, entry_id: UUID) -> Entry:
        # Two statements: one that waited for the lock would see everything but the row as it was before.
        locked = await self._connection.fetchval(statements.LOCK_ENTRY, entry_id)
        row = await self._connection.fetchrow(statements.ENTRY, locked)
        if row is None:
            raise NotFound("未找到该知识条目。")
        return entry_of(row)

    async def insert(self, entry: Entry, row: HistoryRow) -> None:
        await self._connection.execute(
            statements.INSERT_ENTRY, entry.entry_id, entry.site, entry.unit, entry.created_at, *_state(entry)
        )
        await self._put_newest(entry)
        await self._keep(row)

    async def save(self, step: Step, row: HistoryRow) -> None:
        entry = step.entry
        await self._connection.execute(statements.UPDATE_ENTRY, entry.entry_id, *_state(entry))
        if step.replaced:
            await self._connection.execute(
                statements.REPLACE_VERSIONS,
                entry.entry_id,
                list(step.replaced.keys()),
                list(step.replaced.values()),
            )
        await self._put_newest(entry)
        await self._keep(row)

    async def _put_newest(self, entry: Entry) -> None:
        await self._connection.execute(statements.PUT_VERSION, entry.entry_id, *_columns(entry.newest))

    async def _keep(self, row: HistoryRow) -> None:
        await self._connection.execute(
            statements.INSERT_HISTORY,
            row.entry_id,
            row.seq,
            row.event_id,
            row.type,
            row.at,
            row.item,
            row.previous_hash,
            row.hash,
        )

    async def publish(self, publication: Publication) -> None:
        await self._connection.execute(statements.REMOVE_LATER, publication.entry_id, publication.since)
        await self._connection.execute(statements.CUT_EARLIER, publication.entry_id, publication.since)
        content = publication.content
        columns = columns_of(self._segmenter, content.title, content.body)
        await self._connection.execute(
            statements.INSERT_DOCUMENT,
            publication.entry_id,
            publication.version,
            publication.since,
            publication.until,
            columns.title_text,
            columns.body_text,
            columns.words,
            columns.title_grams,
            columns.grams,
            columns.edition,
        )

    async def unpublish(self, entry_id: UUID) -> None:
        await self._connection.execute(statements.REMOVE_DOCUMENTS, entry_id)


def _state(entry: Entry) -> tuple[object, ...]:
    return (
        entry.state,
        entry.newest.content.kind,
        entry.newest.number,
        entry.published_version,
        entry.revision,
        entry.last_at,
        entry.last_hash,
    )


def _columns(version: Version) -> tuple[object, ...]:
    content = version.content
    return (
        version.number,
        version.state,
        content.kind,
        content.title,
        content.body,
        content.source_url,
        content.valid_from,
        content.valid_until,
        version.written_by,
        version.written_at,
        version.submitted_by,
        version.submitted_at,
        version.decided_by,
        version.decided_at,
        version.reason,
    )
