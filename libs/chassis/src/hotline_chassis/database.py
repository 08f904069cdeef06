"""Transactions on a service's own database: stamps, announcements, and commit before anything is told.

Plain asyncpg: the hot paths need it, and one kind of transaction serves the ordinary paths too.
SQLAlchemy describes the schema, migrates it, and builds the queries whose shape varies (``fetch_all``).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.crashpoints import reach
from hotline_chassis.signals import Signal
from hotline_chassis.tracing import current_trace
from hotline_contracts.events.base import Envelope, Event, encode
from hotline_contracts.ids import text_of
from hotline_contracts.values import DEFAULT_SITE

_MICROSECOND = timedelta(microseconds=1)
_DIALECT = asyncpg_dialect()  # type: ignore[no-untyped-call]

INSERT_OUTBOX = """
INSERT INTO outbox (topic, key, headers, value, event_id)
SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[], $5::uuid[])
"""


TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What loops wait out. asyncpg raises the last one when the server cuts the line in the middle of an answer."""

COPY_FROM = 100
"""Rows from which COPY is faster than arrays, which the driver checks cell by cell."""

OutboxColumns = tuple[list[str], list[bytes], list[bytes], list[bytes | None], list[UUID]]


class Connection(asyncpg.Connection):
    """A pooled connection without the reset round trip at release.

    Safe because nothing here uses session SET, LISTEN, session locks or open cursors on the pool.
    """

    def get_reset_query(self) -> str:
        return ""


class Transaction:
    """One open transaction of one service.

    Attributes:
        connection: for statements of adapters.
        clock: the business clock; facts take their instants from ``stamp``, not from here.
    """

    def __init__(self, connection: asyncpg.Connection, clock: BusinessClock, source: str, site: str) -> None:
        self.connection = connection
        self.clock = clock
        self._source = source
        self._site = site
        self._announced: list[Envelope] = []
        self._written = 0
        self._floor: datetime | None = None
        trace = current_trace()
        self._traceparent = trace.traceparent if trace else None
        self._traces: Mapping[str, str] | None = None

    async def stamp(self, after: datetime | None = None) -> datetime:
        """The instant of a fact: now, but later than ``after`` and not below a published watermark.

        Call it once the aggregate's row is locked; ``after`` is the aggregate's last instant. The
        transaction already has its id, so a relay that raises the floor meanwhile waits for us.
        """
        if self._floor is None:
            floor: datetime = await self.connection.fetchval("SELECT complete_before FROM stamp_floor")
            self._floor = floor
        now = self.clock.now()
        now = max(now, self._floor)
        if after is not None and after >= now:
            now = after + _MICROSECOND
        return now

    def take_floor(self, complete_before: datetime) -> None:
        """The stamp floor, read along by another statement of this transaction: saves ``stamp`` a round trip."""
        self._floor = complete_before

    def continue_traces(self, traces: Mapping[str, str]) -> None:
        """Let what is announced from now on belong to its cause's trace: traceparents by key, for a consumer.

        The task's own trace, if it has one, then counts no more: it is not why the facts were told.
        """
        self._traceparent, self._traces = None, traces

    def announce(
        self,
        event: Event,
        *,
        event_id: UUID,
        subject: object,
        key: object,
        sequence: int,
        at: datetime,
    ) -> None:
        """Put an event into this transaction's outbox rows; it travels if and only if we commit."""
        record_key = text_of(key)
        self._announced.append(
            Envelope(
                topic=event.TOPIC,
                key=record_key,
                event_id=event_id,
                type=event.TYPE,
                source=self._source,
                subject=text_of(subject),
                at=at,
                sequence=sequence,
                value=encode(event),
                site=self._site,
                traceparent=self._traces.get(record_key) if self._traces else self._traceparent,
            )
        )

    @property
    def announces(self) -> bool:
        return bool(self._announced)

    def take_outbox_columns(self) -> OutboxColumns:
        """The announced events as columns for ``INSERT_OUTBOX``, in the order of their announcement.

        For a statement that writes them along and saves ``flush`` its round trip: they are not written
        again.
        """
        rows = self._announced[self._written :]
        self._written = len(self._announced)
        return (
            [e.topic for e in rows],
            [e.key.encode() for e in rows],
            [e.packed_attributes() for e in rows],
            [e.value for e in rows],
            [e.event_id for e in rows],
        )

    async def flush(self) -> None:
        """Write the announced events to the outbox, in the order of their announcement."""
        if self._written == len(self._announced):
            return
        columns = self.take_outbox_columns()
        if len(columns[0]) < COPY_FROM:
            await self.connection.execute(INSERT_OUTBOX, *columns)
        else:
            await self.connection.copy_records_to_table(
                "outbox",
                records=list(zip(*columns, strict=True)),
                columns=["topic", "key", "headers", "value", "event_id"],
            )

    async def flush_many(self) -> None:
        """Write the announced events now if they are many: they go faster by themselves than along."""
        if len(self._announced) - self._written >= COPY_FROM:
            await self.flush()


def pack_headers(headers: Sequence[tuple[str, bytes]]) -> bytes:
    """One JSON value; Latin-1 keeps every byte, also of headers that break the contract."""
    return orjson.dumps([[name, value.decode("latin-1")] for name, value in headers])


def unpack_headers(packed: bytes) -> list[tuple[str, bytes]]:
    return [(name, value.encode("latin-1")) for name, value in orjson.loads(packed)]


class Database:
    """A pool on one service's database.

    Attributes:
        source: CloudEvents source of what this service publishes, for example ``routing-svc``.
        outbox_written: raised after each commit that wrote outbox rows; wakes the relay.
        before_close: awaited while the pool is still open: whoever holds back writes settles them here.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        clock: BusinessClock,
        *,
        source: str,
        site: str = DEFAULT_SITE,
    ) -> None:
        self.pool = pool
        self.clock = clock
        self.source = source
        self.site = site
        self.outbox_written = Signal()
        self.before_close: list[Callable[[], Awaitable[None]]] = []

    @classmethod
    async def connect(
        cls,
        dsn: dict[str, Any],
        clock: BusinessClock,
        *,
        source: str,
        site: str = DEFAULT_SITE,
        size: int = 6,
    ) -> "Database":
        """Open a pool; ``dsn`` holds asyncpg's connection arguments."""
        pool = await asyncpg.create_pool(
            **dsn, min_size=1, max_size=size, connection_class=Connection, command_timeout=60
        )
        return cls(pool, clock, source=source, site=site)

    async def close(self) -> None:
        for settle in self.before_close:
            await settle()
        await self.pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction; commits when the block ends, rolls back when it raises.

        The transaction has its id before its first statement: whoever reads the floor after that is
        waited for by the relay before a watermark passes it.
        """
        async with self.pool.acquire() as connection:
            transaction = Transaction(_plain(connection), self.clock, self.source, self.site)
            try:
                await connection.execute("BEGIN; SELECT pg_current_xact_id()")
                yield transaction
                await transaction.flush()
                reach("transaction.before-commit")
                await _commit(connection)
            except BaseException:
                # Also an error inside COMMIT itself: whatever is still open must not return to the pool.
                if connection.is_in_transaction() and not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            reach("transaction.after-commit")
        if transaction.announces:
            self.outbox_written.raise_()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection for single statements that change nothing."""
        async with self.pool.acquire() as connection:
            yield _plain(connection)


def _plain(connection: Any) -> asyncpg.Connection:
    """The pool's proxy stands in for a connection in everything we use."""
    return connection  # type: ignore[no-any-return]


async def _commit(connection: Any) -> None:
    """COMMIT, and insist on its tag: a failed transaction answers COMMIT with ROLLBACK, not an error."""
    tag = await connection.execute("COMMIT")
    if tag != "COMMIT":
        raise CommitFailed(tag)


class CommitFailed(Exception):
    """The database answered COMMIT with something else: nothing of the transaction is stored."""


async def fetch_all(
    connection: asyncpg.Connection,
    query: Select[Any],
) -> list[asyncpg.Record]:
    """Rows of a SQLAlchemy Core query, run by asyncpg."""
    compiled = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    parameters = [compiled.params[name] for name in compiled.positiontup or ()]
    rows: list[asyncpg.Record] = await connection.fetch(str(compiled), *parameters)
    return rows
