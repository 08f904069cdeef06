"""The bus of one machine: topics, appends, readers, watermarks and the instance it belongs to."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from hotline_chassis.bus.embedded.catalogue import Catalogue, Topic
from hotline_chassis.bus.embedded.membership import Membership
from hotline_chassis.bus.embedded.reader import EmbeddedReader
from hotline_chassis.bus.embedded.schema import bind, outages
from hotline_chassis.bus.embedded.watermarks import Watermarks
from hotline_chassis.bus.embedded.writer import Writer
from hotline_chassis.bus.port import NewRecord, TopicDiffers, TopicPartition, Watermark
from hotline_chassis.clocks import SystemClock
from hotline_chassis.database import Connection

_CREATE_TOPIC = """
WITH made AS (INSERT INTO topics (name) VALUES ($1) RETURNING id)
INSERT INTO partitions (topic_id, number) SELECT made.id, number FROM made, generate_series(0, $2 - 1) number
"""

_COMMITTED = """
SELECT t.name, p.number, c.next_offset
FROM committed c JOIN partitions p ON p.id = c.partition_id JOIN topics t ON t.id = p.topic_id
WHERE c.group_name = $1
"""


# Members of every group then look again at which partitions there are.
_TURN_ALL_GENERATIONS = "UPDATE consumer_groups SET generation = generation + 1"


class EmbeddedBus:
    """A log in PostgreSQL; several processes may share it, or one has it alone.

    Attributes:
        commits_ignored: commits of members whose generation was over, or that had lost the partition.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        dsn: dict[str, Any],
        clock: SystemClock,
        *,
        alone: bool,
        patience: timedelta,
    ) -> None:
        self.commits_ignored = 0
        self._pool = pool
        self._clock = clock
        self._catalogue = Catalogue(pool)
        self._writer = Writer(dsn, self._catalogue, alone=alone, patience=patience)
        self._readers: set[EmbeddedReader] = set()
        self._watermarks = Watermarks(pool, alone=alone)

    @classmethod
    async def connect(
        cls,
        dsn: dict[str, Any],
        clock: SystemClock,
        *,
        single_process: bool = False,
        size: int = 4,
        patience: timedelta = timedelta(seconds=5),
    ) -> "EmbeddedBus":
        """Open the bus and make its tables if there are none.

        Args:
            dsn: asyncpg's connection arguments, of a database that holds nothing else.
            clock: for leases.
            single_process: claim the bus for this object alone. An empty ``fetch`` is then certain,
                costs no query, and members of a killed predecessor are gone at once.
            size: connections for reading; one more writes.
            patience: how long to wait for locks of other processes, one that just died for example.

        Raises:
            HeldElsewhere: another process has it open, and one of the two wants to be alone.
            LayoutUnknown: it was made by another version.
            BusUnavailable: no database.
        """
        pool_settings: dict[str, Any] = {
            **dsn,
            "command_timeout": 30,
            "server_settings": {
                "application_name": "bus readers",
                # Heartbeats, commits and watermarks need no fsync: losing the last ones shows an older
                # lag or watermark, both of which are only ever behind. Rebalances ask for it themselves.
                "synchronous_commit": "off",
                # Plans are kept from when the log was empty and tiny; they must suit a long one.
                "enable_seqscan": "off",
                "enable_bitmapscan": "off",
                "jit": "off",
            },
        }
        with outages():
            pool = await asyncpg.create_pool(
                min_size=0, max_size=size, connection_class=Connection, **pool_settings
            )
        bus = cls(pool, dsn, clock, alone=single_process, patience=patience)
        try:
            await bus._open()
        except BaseException:
            pool.terminate()
            raise
        return bus

    async def _open(self) -> None:
        await self._writer.open()
        await self._watermarks.load()

    async def instance_id(self) -> UUID | None:
        """The instance that this bus was bound to; None when it is new."""
        with outages():
            found: UUID | None = await self._pool.fetchval("SELECT id FROM instance")
        return found

    async def bind_instance(self, instance: UUID) -> None:
        """Bind a new bus to an instance.

        Raises:
            BelongsElsewhere: it is bound to another one.
        """
        async with self._writer.connection() as connection:
            await bind(connection, instance)

    async def ensure_topics(self, partitions: Mapping[str, int]) -> None:
        async with self._writer.connection() as connection:
            async with connection.transaction():
                # Two processes that start together: the second one finds what the first one made.
                await connection.execute("LOCK TABLE topics IN SHARE ROW EXCLUSIVE MODE")
                await self._catalogue.load(connection)
                missing = partitions.keys() - self._catalogue.topics.keys()
                for name in missing:
                    await connection.execute(_CREATE_TOPIC, name, partitions[name])
                if missing:
                    await connection.execute(_TURN_ALL_GENERATIONS)
            await self._catalogue.load(connection)
        for name, wanted in partitions.items():
            found = len(self._catalogue.topic(name).partitions)
            if found != wanted:
                raise TopicDiffers(f"{name} has {found} partitions, not {wanted}")

    async def delete_topic(self, name: str) -> None:
        """Delete a topic with its records, positions of groups and watermark; for tests and resets."""
        async with self._writer.connection() as connection:
            rows = self._catalogue.topic(name).partitions
            async with connection.transaction():
                await connection.execute("SELECT FROM partitions WHERE id = ANY($1) FOR UPDATE", rows)
                await connection.execute("DELETE FROM records WHERE partition_id = ANY($1)", rows)
                await connection.execute("DELETE FROM topics WHERE name = $1", name)
                await connection.execute(_TURN_ALL_GENERATIONS)
            await self._catalogue.load(connection)
        self._watermarks.forget(name)

    async def incarnation(self, topic: str) -> str:
        await self._look()
        return (await self._topic(topic)).incarnation

    async def append(self, records: Sequence[NewRecord]) -> None:
        await self._writer.append(records)

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        await self._look()
        return {
            (name, number): self._catalogue.ends[row_id]
            for name in topics
            for number, row_id in enumerate((await self._topic(name)).partitions)
        }

    async def _look(self) -> None:
        """See what other processes did, if there can be any."""
        if not self._writer.knows_all:
            await self._catalogue.look(now=True)

    async def _topic(self, name: str) -> Topic:
        """A topic; unknown only after a second look."""
        if name not in self._catalogue.topics:
            await self._catalogue.look(now=True)
        return self._catalogue.topic(name)

    async def reader(self, group: str, topics: Sequence[str]) -> EmbeddedReader:
        for topic in topics:
            await self._topic(topic)
        membership = Membership(self._pool, self._catalogue, self._clock, group, topics)
        await membership.join()
        reader = EmbeddedReader(
            self._pool,
            self._catalogue,
            membership,
            knows_all=lambda: self._writer.knows_all,
            on_closed=self._forget,
            on_commit_ignored=self._count_ignored,
        )
        self._readers.add(reader)
        self._catalogue.listeners.add(reader)
        return reader

    def _forget(self, reader: EmbeddedReader) -> None:
        self._readers.discard(reader)
        self._catalogue.listeners.discard(reader)

    def _count_ignored(self) -> None:
        self.commits_ignored += 1

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        """How far a group has told it is; for showing lag."""
        with outages():
            rows = await self._pool.fetch(_COMMITTED, group)
        return {(row["name"], row["number"]): row["next_offset"] for row in rows}

    async def publish_watermark(self, watermark: Watermark) -> None:
        await self._topic(watermark.topic)
        await self._watermarks.publish(watermark)

    async def watermark(self, topic: str) -> Watermark | None:
        await self._topic(topic)
        return await self._watermarks.newest(topic)

    async def forget_watermarks(self) -> None:
        """Forget what was published as complete; only for a virtual clock that is set back."""
        await self._watermarks.forget_all()

    async def close(self) -> None:
        """Leave all groups and let go of the bus; waiting fetches return."""
        for reader in list(self._readers):
            await reader.close()
        await self._writer.close()
        await self._pool.close()
