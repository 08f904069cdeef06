"""The bus of production: topics, appends, readers, watermarks and the instance it belongs to."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from uuid import UUID

from hotline_chassis.bus.kafka.cluster import Cluster
from hotline_chassis.bus.kafka.instance import bind, instance_of
from hotline_chassis.bus.kafka.log_limit import limit_client_logs
from hotline_chassis.bus.kafka.reader import KafkaReader
from hotline_chassis.bus.kafka.scan import records_below
from hotline_chassis.bus.kafka.settings import PRODUCTION, KafkaSettings
from hotline_chassis.bus.kafka.topics import INSTANCE, WATERMARKS, Topics
from hotline_chassis.bus.kafka.watermarks import Watermarks
from hotline_chassis.bus.kafka.writer import Writer
from hotline_chassis.bus.port import (
    NewRecord,
    Record,
    TopicPartition,
    UnknownTopic,
    Watermark,
)
from hotline_chassis.clocks import SystemClock

_CONTROL = {WATERMARKS: 1, INSTANCE: 1}


class KafkaBus:
    """A log in Kafka; any number of processes share it.

    Attributes:
        commits_ignored: commits of members whose generation was over, that had lost the partition, or that
            the broker did not take.
    """

    def __init__(self, cluster: Cluster, *, replication: int, min_insync: int) -> None:
        self.commits_ignored = 0
        self._cluster = cluster
        self._topics = Topics(cluster, replication=replication, min_insync=min_insync)
        self._writer = Writer(cluster)
        self._watermarks = Watermarks(cluster, self._writer)
        self._readers: set[KafkaReader] = set()

    @classmethod
    async def connect(
        cls,
        bootstrap: str,
        system_clock: SystemClock,
        *,
        client_id: str = "hotline",
        replication: int = 1,
        min_insync: int = 1,
        namespace: str = "",
        settings: KafkaSettings = PRODUCTION,
    ) -> "KafkaBus":
        """Open the bus and make its control topics if there are none.

        Args:
            bootstrap: ``host:port`` of one or more brokers, with commas.
            system_clock: measures how often the client's own log lines may come.
            client_id: names this process in the broker's log.
            replication: copies of each partition of topics that are made.
            min_insync: copies that must have a record before it is acknowledged.
            namespace: a prefix of all names of topics and groups, so that several may share a broker.
            settings: patience.

        Raises:
            BusUnavailable: no broker answers.
        """
        limit_client_logs(system_clock)
        cluster = Cluster(bootstrap, client_id, namespace, settings)
        bus = cls(cluster, replication=replication, min_insync=min_insync)
        try:
            await bus._topics.ensure(_CONTROL)
        except BaseException:
            await bus.close()
            raise
        return bus

    async def instance_id(self) -> UUID | None:
        """The instance that this bus was bound to; None when it is new."""
        return await instance_of(self._cluster)

    async def bind_instance(self, instance: UUID) -> None:
        """Bind a new bus to an instance.

        Raises:
            BelongsElsewhere: it is bound to another one.
        """
        await bind(self._cluster, self._writer, instance)

    async def delete_all(self, topics: Collection[str]) -> None:
        """Delete these topics and our own, and with them whose bus it is; for an instance that ends for good.

        Interrupted, it can be done again: who the bus belongs to goes last.
        """
        await self._topics.delete(topics)
        await self._topics.delete([WATERMARKS])
        await self._topics.delete([INSTANCE])

    async def ensure_topics(self, partitions: Mapping[str, int]) -> None:
        made = await self._topics.ensure(partitions)
        # What was said of a topic that was deleted does not hold for the one made anew.
        await self._watermarks.forget(made)

    async def incarnation(self, topic: str) -> str:
        found = await self._cluster.look([topic])
        if topic not in found:
            raise UnknownTopic(topic)
        return found[topic].id

    async def append(self, records: Sequence[NewRecord]) -> None:
        await self._writer.append(records)

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return await self._cluster.offsets(topics)

    async def reader(self, group: str, topics: Sequence[str]) -> KafkaReader:
        await self._cluster.known(topics)
        reader = KafkaReader(
            self._cluster,
            group,
            topics,
            on_closed=self._readers.discard,
            on_commit_ignored=self._count_ignored,
        )
        self._readers.add(reader)
        try:
            await reader.join()
        except BaseException:
            await reader.close()
            raise
        return reader

    def _count_ignored(self) -> None:
        self.commits_ignored += 1

    def everything_below(self, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Record]:
        """Every record before ``ends``, read from the beginning without a group, in order for each partition.

        Raises:
            BusUnavailable: the broker stopped answering; what was read so far is right.
        """
        return records_below(self._cluster, ends)

    async def publish_watermark(self, watermark: Watermark) -> None:
        await self._cluster.known([watermark.topic])
        await self._watermarks.publish(watermark)

    async def watermark(self, topic: str) -> Watermark | None:
        await self._cluster.known([topic])
        return await self._watermarks.newest(topic)

    async def forget_watermarks(self) -> None:
        """Forget what was published as complete; only for a virtual clock that is set back."""
        await self._watermarks.forget()

    async def close(self) -> None:
        """Leave all groups; waiting fetches return, appends are refused."""
        for reader in list(self._readers):
            await reader.close()
        await self._watermarks.close()
        await self._writer.close()
        await self._cluster.close()
