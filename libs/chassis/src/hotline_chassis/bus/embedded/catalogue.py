"""What one process knows of the log: its topics, and how far each partition reaches."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import asyncpg

from hotline_chassis.bus.embedded.schema import Session, outages
from hotline_chassis.bus.port import TopicPartition, UnknownTopic

POLL = 0.2
"""Seconds between two looks at what other processes appended."""

_LOAD = """
SELECT t.name, t.incarnation::text, p.id, p.next_offset
FROM topics t JOIN partitions p ON p.topic_id = t.id
ORDER BY t.id, p.number
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with the row ids of its partitions, by partition number."""

    name: str
    incarnation: str
    partitions: tuple[int, ...]


class Listener(Protocol):
    """Whoever wants to know that partitions grew."""

    def partitions_grew(self, row_ids: set[int]) -> None: ...


class Catalogue:
    """Topics and ends, shared by the writer and the readers of one bus object.

    Attributes:
        topics: by name, as last loaded.
        ends: next offset by partition row id; may lag behind other processes, never runs ahead.
        listeners: told whenever an end moves.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.topics: dict[str, Topic] = {}
        self.ends: dict[int, int] = {}
        self.listeners: set[Listener] = set()
        self._pool = pool
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")

    async def load(self, connection: Session) -> None:
        found: dict[str, tuple[str, list[int]]] = {}
        rows = await connection.fetch(_LOAD)
        for name, incarnation, row_id, _ in rows:
            found.setdefault(name, (incarnation, []))[1].append(row_id)
        self.topics = {name: Topic(name, inc, tuple(ids)) for name, (inc, ids) in found.items()}
        self.learn((row["id"], row["next_offset"]) for row in rows)

    def learn(self, ends: Iterable[tuple[int, int]]) -> None:
        """Move ends forward (an older look may arrive after a newer append) and tell the listeners."""
        grown = {row_id for row_id, end in ends if self._advance(row_id, end)}
        if grown:
            for listener in self.listeners:
                listener.partitions_grew(grown)

    def _advance(self, row_id: int, end: int) -> bool:
        if end <= self.ends.get(row_id, -1):
            return False
        self.ends[row_id] = end
        return True

    async def look(self, *, now: bool = False) -> None:
        """See what other processes did, at most once each ``POLL`` seconds for all readers together."""
        loop = asyncio.get_running_loop()
        if not now and loop.time() - self._looked_at < POLL:
            return
        async with self._looking:
            if not now and loop.time() - self._looked_at < POLL:
                return
            with outages():
                async with self._pool.acquire() as connection:
                    await self.load(connection)
            self._looked_at = loop.time()

    def topic(self, name: str) -> Topic:
        """A known topic.

        Raises:
            UnknownTopic: it was not there when we last looked.
        """
        try:
            return self.topics[name]
        except KeyError:
            raise UnknownTopic(name) from None

    def rows(self) -> dict[TopicPartition, int]:
        """Row ids of all partitions of all topics."""
        return {
            (topic.name, number): row_id
            for topic in self.topics.values()
            for number, row_id in enumerate(topic.partitions)
        }
