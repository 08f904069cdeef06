"""One member of a consumer group: a consumer of aiokafka, which joins again in a task of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import IllegalStateError, KafkaError

from hotline_chassis.bus.kafka.cluster import Cluster
from hotline_chassis.bus.kafka.ending import end
from hotline_chassis.bus.kafka.outages import outages
from hotline_chassis.bus.kafka.settings import milliseconds

log = structlog.get_logger(__name__)

_FETCH_BYTES = 1_048_576


class Membership(ConsumerRebalanceListener):  # type: ignore[misc]
    """What the group gave us, and the records of it.

    Attributes:
        turned: the share was revoked since somebody last cleared this; what was read of it is stale.
        joining: we have no share now.
        share: our partitions; nothing is fetched of one before it was sought.
        news: set when the share changes.
    """

    def __init__(
        self, cluster: Cluster, group: str, topics: Sequence[str], on_commit_ignored: Callable[[], None]
    ) -> None:
        self.turned = False
        self.joining = True
        self.share: frozenset[KafkaPartition] = frozenset()
        self.news = asyncio.Event()
        self._on_commit_ignored = on_commit_ignored
        self._settings = settings = cluster.settings
        self._uncommitted: dict[KafkaPartition, int] = {}
        self._commit_at = 0.0
        self._consumer: Any = AIOKafkaConsumer(
            bootstrap_servers=cluster.bootstrap,
            client_id=f"{cluster.client_id}-{group}",
            group_id=cluster.physical(group),
            enable_auto_commit=False,
            # Positions are always sought. One that lies outside the log is an error, no reason to start anew.
            auto_offset_reset="none",
            session_timeout_ms=milliseconds(settings.session),
            heartbeat_interval_ms=milliseconds(settings.heartbeat),
            rebalance_timeout_ms=milliseconds(settings.rebalance),
            max_poll_interval_ms=milliseconds(settings.poll),
            request_timeout_ms=milliseconds(settings.request),
            fetch_min_bytes=1,
            fetch_max_wait_ms=milliseconds(settings.fetch_wait),
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._topics = [cluster.physical(topic) for topic in topics]

    async def start(self) -> None:
        """Join the group and wait for a share, which may be empty."""
        with outages():
            async with asyncio.timeout(self._settings.join):
                self._consumer.subscribe(topics=self._topics, listener=self)
                await self._consumer.start()
                while self.joining:
                    self.news.clear()
                    await self.news.wait()
        self.turned = False

    async def on_partitions_revoked(self, _revoked: Any) -> None:
        """Called before we join again, with what we had."""
        self.joining = True
        self.turned = True
        self.share = frozenset()
        self.news.set()
        await self.flush()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        for part in assigned:
            # aiokafka would begin where the group's commits are.
            self._consumer.pause(part)
            self._consumer.seek(part, 0)
        self._uncommitted.clear()
        self.share = frozenset(assigned)
        self.joining = False
        self.news.set()

    def seek(self, part: KafkaPartition, offset: int) -> None:
        self._consumer.seek(part, offset)
        self._consumer.resume(part)

    async def buffered(self, part: KafkaPartition, limit: int) -> list[Any]:
        """Records of one partition that are here already. Does not wait, unless we are ``joining``."""
        found = await self._consumer.getmany(part, timeout_ms=0, max_records=limit)
        return [record for records in found.values() for record in records]

    async def arriving(self, limit: int, seconds: float) -> dict[KafkaPartition, list[Any]]:
        """Records of any partition, the first that come. While we are joining it waits without end.

        A group takes a member for dead that nobody asks for records, so this must be called while joining too.
        """
        found: dict[KafkaPartition, list[Any]] = await self._consumer.getmany(
            timeout_ms=milliseconds(seconds), max_records=limit
        )
        return found

    async def commit(self, next_offsets: Mapping[KafkaPartition, int]) -> None:
        """Remember how far we are, and tell it if that is due."""
        self._uncommitted.update(next_offsets)
        if asyncio.get_running_loop().time() >= self._commit_at:
            await self.flush()

    async def flush(self) -> None:
        """Tell the broker how far we are; refusals are counted, because commits only show lag."""
        told, self._uncommitted = self._uncommitted, {}
        if not told:
            return
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(self._consumer.commit(told), self._settings.commit)
            self._commit_at = loop.time() + self._settings.commit_every
        except (KafkaError, IllegalStateError, TimeoutError) as refused:
            self._on_commit_ignored()
            self._commit_at = loop.time() + 10 * self._settings.commit_every
            log.info("kafka.commit_refused", error=type(refused).__name__)

    async def leave(self) -> None:
        await self.flush()
        await end(self._consumer, self._settings.stop)
