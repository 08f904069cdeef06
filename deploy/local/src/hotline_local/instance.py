"""What a data directory remembers of itself: its identity, its clock, and how far its demonstration came.

All of it lies in a database of its own (``local``) beside the services' databases; the keys lie in
``keys/``. A bus that belongs to another instance is refused.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from hotline_local.buses import BusChoice

DATABASE = "local"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS instance (
  is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
  instance_id uuid NOT NULL,
  virtual_now timestamptz,
  demonstrated boolean NOT NULL DEFAULT false
);
ALTER TABLE instance ADD COLUMN IF NOT EXISTS kafka text;
ALTER TABLE instance ADD COLUMN IF NOT EXISTS namespace text NOT NULL DEFAULT '';
ALTER TABLE instance ADD COLUMN IF NOT EXISTS bound boolean NOT NULL DEFAULT true;
"""


@dataclass(frozen=True)
class Remembered:
    """One row: who this instance is; ``virtual_now`` None means the system clock.

    Attributes:
        bus: where its facts lie; a broker's address is the one of its last start.
        bound: the bus once took it. Before that there are no facts anywhere, whatever ``bus`` says.
    """

    instance_id: UUID
    virtual_now: datetime | None
    demonstrated: bool
    bus: BusChoice
    bound: bool


class Instance:
    """The row, over one connection that lives as long as the machine runs."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, dsn: dict[str, Any]) -> "Instance":
        connection = await asyncpg.connect(**dsn)
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(_SCHEMA)
        # The clock's row is written at every step of virtual time; losing the last moment of it in a
        # crash of PostgreSQL is mended at start, when the clock is set past every published watermark.
        await connection.execute("SET synchronous_commit = off")
        return cls(connection)

    async def remember(self, virtual_from: datetime | None, bus: BusChoice) -> Remembered:
        """The row, made now for a new directory: its clock begins at ``virtual_from``, its facts go to ``bus``."""
        await self._connection.execute(
            "INSERT INTO instance (instance_id, virtual_now, kafka, namespace, bound) VALUES ($1, $2, $3, $4, false)"
            " ON CONFLICT DO NOTHING",
            uuid4(),
            virtual_from,
            bus.kafka,
            bus.namespace,
        )
        remembered = await self.remembered()
        if remembered is None:
            raise LookupError("the row was written just now")
        return remembered

    async def remembered(self) -> Remembered | None:
        """The row; None where nothing was ever started to the end."""
        row = await self._connection.fetchrow(
            "SELECT instance_id, virtual_now, demonstrated, kafka, namespace, bound FROM instance"
        )
        if row is None:
            return None
        instance_id, virtual_now, demonstrated, kafka, namespace, bound = row
        return Remembered(instance_id, virtual_now, demonstrated, BusChoice(kafka, namespace), bound)

    async def set_bus(self, bus: BusChoice) -> None:
        """Remember which bus took us, and where its broker answered, for whoever reads the topics later."""
        await self._connection.execute(
            "UPDATE instance SET kafka = $1, namespace = $2, bound = true", bus.kafka, bus.namespace
        )

    async def set_virtual_now(self, now: datetime) -> None:
        await self._connection.execute("UPDATE instance SET virtual_now = $1", now)

    async def set_demonstrated(self) -> None:
        await self._connection.execute("UPDATE instance SET demonstrated = true")

    async def close(self) -> None:
        await self._connection.close()
