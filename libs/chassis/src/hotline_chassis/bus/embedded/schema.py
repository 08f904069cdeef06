"""The tables of the bus' database, and the outages that its driver reports.

Not a service's database: the bus makes its own tables when it is first opened, and a version row refuses
a layout that this code does not know.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from hotline_chassis.bus.port import BelongsElsewhere, BusUnavailable

Session: TypeAlias = asyncpg.Connection | PoolConnectionProxy

VERSION = 1

# Session locks of the bus' database (they are per database, so services' locks do not meet them).
LAYOUT_LOCK = 1
PROCESS_LOCK = 2

_TABLES = """
CREATE TABLE layout (
  sole boolean PRIMARY KEY DEFAULT true CHECK (sole),
  version integer NOT NULL
);
CREATE TABLE instance (
  sole boolean PRIMARY KEY DEFAULT true CHECK (sole),
  id uuid NOT NULL
);
CREATE TABLE topics (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  incarnation uuid NOT NULL DEFAULT gen_random_uuid()
);
-- Updated by every append: room on the page keeps those updates away from the index.
CREATE TABLE partitions (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic_id integer NOT NULL REFERENCES topics ON DELETE CASCADE,
  number integer NOT NULL,
  next_offset bigint NOT NULL DEFAULT 0,
  UNIQUE (topic_id, number)
) WITH (fillfactor = 30);
-- No foreign key: it would cost a look-up for each record; append joins the locked partition anyway.
CREATE TABLE records (
  partition_id integer NOT NULL,
  "offset" bigint NOT NULL,
  key bytea NOT NULL,
  headers bytea NOT NULL,
  value bytea,
  PRIMARY KEY (partition_id, "offset")
);
CREATE TABLE consumer_groups (
  name text PRIMARY KEY,
  generation bigint NOT NULL
);
CREATE TABLE members (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  group_name text NOT NULL REFERENCES consumer_groups,
  topics text[] NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX members_group_name ON members (group_name);
CREATE TABLE committed (
  group_name text NOT NULL REFERENCES consumer_groups,
  partition_id integer NOT NULL REFERENCES partitions ON DELETE CASCADE,
  next_offset bigint NOT NULL,
  PRIMARY KEY (group_name, partition_id)
);
CREATE TABLE watermarks (
  topic_id integer PRIMARY KEY REFERENCES topics ON DELETE CASCADE,
  complete_before timestamptz NOT NULL,
  next_offsets bigint[] NOT NULL
);
"""


class LayoutUnknown(Exception):
    """The database holds a bus of another version of this code."""


async def prepare(connection: Session) -> None:
    """Make the tables if there are none.

    Raises:
        LayoutUnknown: there are some, of another version.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LAYOUT_LOCK)
        if await connection.fetchval("SELECT to_regclass('layout') IS NULL"):
            await connection.execute(_TABLES)
            await connection.execute("INSERT INTO layout (version) VALUES ($1)", VERSION)
        found = await connection.fetchval("SELECT version FROM layout")
    if found != VERSION:
        raise LayoutUnknown(f"the bus has layout {found}, this code knows {VERSION}")


async def bind(connection: Session, instance: UUID) -> None:
    """Bind the bus to an instance, once and for ever.

    Raises:
        BelongsElsewhere: it is bound to another one.
    """
    await connection.execute("INSERT INTO instance (id) VALUES ($1) ON CONFLICT DO NOTHING", instance)
    found = await connection.fetchval("SELECT id FROM instance")
    if found != instance:
        raise BelongsElsewhere(f"the bus belongs to instance {found}, not {instance}")


_OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.PostgresSystemError,
)


@contextmanager
def outages() -> Iterator[None]:
    """Tell an outage of the database as ``BusUnavailable``; other errors are ours and stay loud."""
    try:
        yield
    except _OUTAGES as outage:
        raise BusUnavailable(f"{type(outage).__name__}: {outage}") from outage
