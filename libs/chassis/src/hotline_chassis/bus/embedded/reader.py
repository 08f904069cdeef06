"""Reading the log as one member of a group."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import asyncpg
import msgspec

from hotline_chassis.bus.embedded.catalogue import POLL, Catalogue
from hotline_chassis.bus.embedded.membership import Membership
from hotline_chassis.bus.embedded.schema import outages
from hotline_chassis.bus.port import (
    BusClosed,
    BusUnavailable,
    LogShortened,
    Record,
    TopicPartition,
)
from hotline_chassis.signals import Signal

# One index range for each partition. The server walks `wanted` in order, but nothing depends on that:
# `_accept` takes contiguous records only.
_FETCH = """
SELECT r.partition_id, r."offset", r.key, r.headers, r.value
FROM unnest($1::integer[], $2::bigint[]) AS wanted (partition_id, position)
CROSS JOIN LATERAL (
  SELECT * FROM records
  WHERE records.partition_id = wanted.partition_id AND records."offset" >= wanted.position
  ORDER BY records."offset" LIMIT $3
) r
LIMIT $3
"""

_unpack = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class EmbeddedReader:
    """One member of a group on the embedded bus.

    A new generation is seen as in Kafka's eager protocol: one ``fetch`` returns empty with nothing
    assigned, the next one with the new share, all of which must be sought anew. Who compares
    ``assignment()`` before and after therefore also sees a partition that left and came back.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        catalogue: Catalogue,
        membership: Membership,
        *,
        knows_all: Callable[[], bool],
        on_closed: Callable[["EmbeddedReader"], None],
        on_commit_ignored: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._membership = membership
        self._knows_all = knows_all
        self._on_closed = on_closed
        self._on_commit_ignored = on_commit_ignored
        self._assigned: dict[TopicPartition, int] = dict(membership.share)
        self._row_ids = set(self._assigned.values())
        self._revoked = False
        self._positions: dict[TopicPartition, int] = {}
        self._uncommitted: dict[int, int] = {}
        self._first = 0
        self._grown = Signal()
        self._closed = False

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._assigned)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._assigned:
            raise ValueError(f"{partition} is not assigned to this member")
        self._positions[partition] = offset

    def partitions_grew(self, row_ids: set[int]) -> None:
        if not self._row_ids.isdisjoint(row_ids):
            self._grown.raise_()

    async def fetch(self, limit: int, timeout: float) -> list[Record]:
        if self._closed:
            raise BusClosed
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not self._closed:
            self._grown.clear()
            if await self._take_turn_of_group():
                return []
            if not self._knows_all():
                await self._catalogue.look()
            if unread := self._unread():
                return await self._read(unread, limit)
            left = deadline - loop.time()
            if left <= 0:
                return []
            await self._grown.wait(min(left, POLL))
        return []

    async def _take_turn_of_group(self) -> bool:
        """Keep the lease; True when the assignment has just changed."""
        if self._revoked:
            self._assign(self._membership.share)
            self._revoked = False
            return True
        if not self._membership.is_due():
            return False
        await self._tell_progress()
        if not await self._membership.attend():
            return False
        self._assign({})
        self._revoked = True
        return True

    def _assign(self, share: dict[TopicPartition, int]) -> None:
        self._assigned = dict(share)
        self._row_ids = set(share.values())
        self._positions.clear()

    def _unread(self) -> list[tuple[TopicPartition, int]]:
        """Sought partitions that have more, with their row ids; each fetch begins with another one."""
        ends = self._catalogue.ends
        unread = [
            (partition, row_id)
            for partition, row_id in self._assigned.items()
            if (position := self._positions.get(partition)) is not None and ends.get(row_id, 0) > position
        ]
        if not unread:
            return unread
        self._first = (self._first + 1) % len(unread)
        return unread[self._first :] + unread[: self._first]

    async def _read(self, unread: list[tuple[TopicPartition, int]], limit: int) -> list[Record]:
        positions = [self._positions[partition] for partition, _ in unread]
        with outages():
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(_FETCH, [row_id for _, row_id in unread], positions, limit)
        partitions = {row_id: partition for partition, row_id in unread}
        return self._accept(partitions, rows)

    def _accept(self, partitions: dict[int, TopicPartition], rows: list[asyncpg.Record]) -> list[Record]:
        records = []
        for row_id, offset, key, headers, value in rows:
            partition = partitions[row_id]
            # A seek or a new assignment during the query makes its answer stale.
            position = self._positions.get(partition)
            if position is None or self._assigned.get(partition) != row_id or offset < position:
                continue
            if offset > position:
                raise LogShortened(f"{partition} has no record {position}, the next one is {offset}")
            self._positions[partition] = offset + 1
            records.append(Record(*partition, offset, key, _unpack(headers), value))
        return records

    async def commit(self, next_offsets: Mapping[TopicPartition, int]) -> None:
        """Remember it; it is told with the next heartbeat, because it only shows lag."""
        for partition, offset in next_offsets.items():
            if partition in self._assigned:
                self._uncommitted[self._assigned[partition]] = offset
            else:
                self._on_commit_ignored()
        if self._membership.is_due():
            await self._tell_progress()

    async def _tell_progress(self) -> None:
        if not self._uncommitted:
            return
        told, self._uncommitted = self._uncommitted, {}
        if not await self._membership.commit(told):
            self._on_commit_ignored()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._grown.raise_()
        self._on_closed(self)
        # Without a database the lease ends by itself.
        with suppress(BusUnavailable):
            await self._tell_progress()
            await self._membership.leave()
        self._assign({})
