"""One member of a consumer group: its lease, its generation and its share."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from hotline_chassis.bus.embedded.catalogue import Catalogue
from hotline_chassis.bus.embedded.schema import Session, outages
from hotline_chassis.bus.groups import HEARTBEAT, LEASE, share_out
from hotline_chassis.clocks import SystemClock

if TYPE_CHECKING:
    from hotline_chassis.bus.port import TopicPartition

_BEAT = """
WITH beat AS (UPDATE members SET expires_at = $3 WHERE id = $2 RETURNING id)
SELECT generation,
       EXISTS (SELECT FROM beat) AS alive,
       EXISTS (SELECT FROM members WHERE group_name = $1 AND expires_at <= $4 AND id <> $2) AS others_died
FROM consumer_groups WHERE name = $1
"""

_MEMBERS = """
SELECT g.generation, m.id, m.topics
FROM consumer_groups g JOIN members m ON m.group_name = g.name
WHERE g.name = $1
"""

# Stores nothing when the group has moved on; whoever is expelled is so by a new generation.
_COMMIT = """
INSERT INTO committed (group_name, partition_id, next_offset)
SELECT g.name, done.partition_id, done.next_offset
FROM unnest($3::integer[], $4::bigint[]) AS done (partition_id, next_offset)
JOIN partitions p ON p.id = done.partition_id
JOIN consumer_groups g ON g.name = $1 AND g.generation = $2
ON CONFLICT (group_name, partition_id) DO UPDATE SET next_offset = EXCLUDED.next_offset
"""


class Membership:
    """A member, as the database and we see it; we may see it late.

    Attributes:
        generation: the one that we know; the group's may be newer.
        share: our partitions of that generation, with their row ids.
    """

    def __init__(
        self, pool: asyncpg.Pool, catalogue: Catalogue, clock: SystemClock, group: str, topics: Sequence[str]
    ) -> None:
        self.generation = 0
        self.share: dict[TopicPartition, int] = {}
        self._pool = pool
        self._catalogue = catalogue
        self._clock = clock
        self._group = group
        self._topics = list(topics)
        self._id: int | None = None
        self._beat_at = float("-inf")

    async def join(self) -> None:
        """Enter the group (again, if we were expelled) and expel whoever's lease has ended."""
        now = self._clock.now()
        with outages():
            async with self._pool.acquire() as connection, connection.transaction():
                await self._lock_group(connection)
                await connection.execute(
                    "DELETE FROM members WHERE group_name = $1 AND expires_at <= $2 AND id IS DISTINCT FROM $3",
                    *(self._group, now, self._id),
                )
                self._id = await self._enter(connection)
                await self._turn_generation(connection)
        await self._learn()

    async def _lock_group(self, connection: Session) -> None:
        # Durable, unlike heartbeats: after a crash no generation may come twice.
        await connection.execute("SET LOCAL synchronous_commit TO on")
        await connection.execute(
            "INSERT INTO consumer_groups (name, generation) VALUES ($1, 0) ON CONFLICT DO NOTHING",
            self._group,
        )
        await connection.execute("SELECT FROM consumer_groups WHERE name = $1 FOR UPDATE", self._group)

    async def _enter(self, connection: Session) -> int:
        expires_at = self._clock.now() + LEASE
        row_id: int | None = await connection.fetchval(
            "UPDATE members SET expires_at = $2 WHERE id = $1 RETURNING id", self._id, expires_at
        )
        if row_id is None:
            row_id = await connection.fetchval(
                "INSERT INTO members (group_name, topics, expires_at) VALUES ($1, $2, $3) RETURNING id",
                *(self._group, self._topics, expires_at),
            )
        assert row_id is not None  # noqa: S101 - INSERT … RETURNING
        return row_id

    async def _turn_generation(self, connection: Session) -> None:
        await connection.execute(
            "UPDATE consumer_groups SET generation = generation + 1 WHERE name = $1", self._group
        )

    async def _learn(self) -> None:
        """Read the group as it is now and take our share."""
        with outages():
            async with self._pool.acquire() as connection:
                await self._catalogue.load(connection)
                rows = await connection.fetch(_MEMBERS, self._group)
        self.generation = rows[0]["generation"] if rows else 0
        counts = {topic.name: len(topic.partitions) for topic in self._catalogue.topics.values()}
        shares = share_out({row["id"]: row["topics"] for row in rows}, counts)
        row_ids = self._catalogue.rows()
        ours = shares.get(self._id, frozenset()) if self._id is not None else frozenset()
        self.share = {partition: row_ids[partition] for partition in ours}
        self._beat_at = self._clock.monotonic()

    async def attend(self) -> bool:
        """Renew the lease if that is due; True when the group has a new generation, now learned."""
        if not self.is_due():
            return False
        now = self._clock.now()
        with outages():
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(_BEAT, self._group, self._id, now + LEASE, now)
        if row is None or not row["alive"] or row["others_died"]:
            await self.join()
            return True
        if row["generation"] != self.generation:
            await self._learn()
            return True
        self._beat_at = self._clock.monotonic()
        return False

    def is_due(self) -> bool:
        return timedelta(seconds=self._clock.monotonic() - self._beat_at) >= HEARTBEAT

    async def commit(self, next_offsets: Mapping[int, int]) -> bool:
        """Store how far we are, by partition row id; False when our generation is over."""
        with outages():
            async with self._pool.acquire() as connection:
                tag = await connection.execute(
                    _COMMIT,
                    self._group,
                    self.generation,
                    list(next_offsets),
                    list(next_offsets.values()),
                )
        return bool(tag != "INSERT 0 0")

    async def leave(self) -> None:
        with outages():
            async with self._pool.acquire() as connection, connection.transaction():
                await self._lock_group(connection)
                # Whoever was expelled already has nothing to give back: the group stays as it is.
                if await connection.execute("DELETE FROM members WHERE id = $1", self._id) == "DELETE 1":
                    await self._turn_generation(connection)
        self.share = {}
