"""Which request of the script is which request of this data directory.

Sending a request again would tell that too, but each time a ticket number would be left out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from hotline_local.instance import DATABASE
from hotline_local.machine import Machine

_SCHEMA = "CREATE TABLE IF NOT EXISTS demonstration (ref text PRIMARY KEY, request_id uuid NOT NULL)"
_REMEMBER = "INSERT INTO demonstration (ref, request_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"


class Memory:
    """Request ids by ``ref``, kept beside what the instance remembers of itself.

    Attributes:
        request_ids: of the requests sent so far.
    """

    def __init__(self, connection: asyncpg.Connection, request_ids: dict[str, str]) -> None:
        self._connection = connection
        self.request_ids = request_ids

    async def remember(self, ref: str, request_id: str) -> None:
        await self._connection.execute(_REMEMBER, ref, UUID(request_id))
        self.request_ids[ref] = request_id


@asynccontextmanager
async def memory_of(machine: Machine) -> AsyncIterator[Memory]:
    """The memory of a machine's demonstration; empty before it was first played."""
    connection = await asyncpg.connect(**machine.postgres.dsn(DATABASE))
    try:
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(_SCHEMA)
        rows = await connection.fetch("SELECT ref, request_id FROM demonstration")
        yield Memory(connection, {row["ref"]: str(row["request_id"]) for row in rows})
    finally:
        await connection.close()
