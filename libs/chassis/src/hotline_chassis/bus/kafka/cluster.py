"""What one process knows of the cluster, and the connection on which it asks."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    NodeNotReadyError,
    NotLeaderForPartitionError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.offset import OffsetRequest

from hotline_chassis.bus.kafka.metadata import TopicsRequest
from hotline_chassis.bus.kafka.outages import OUTAGES, outages
from hotline_chassis.bus.kafka.settings import KafkaSettings, milliseconds
from hotline_chassis.bus.port import BusUnavailable, TopicPartition, UnknownTopic

log = structlog.get_logger(__name__)

EARLIEST, LATEST = -2, -1
_ATTEMPTS = 3
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster told it.

    Attributes:
        name: ours, without the namespace.
        id: the cluster's own, of this very incarnation.
        leaders: for each partition, in order; -1 where there is none now.
    """

    name: str
    id: str
    leaders: tuple[int, ...]


class Cluster:
    """Questions to the brokers: which topics there are, how far they reach.

    After an error the connection is thrown away, and the next question opens a new one.
    """

    def __init__(self, bootstrap: str, client_id: str, namespace: str, settings: KafkaSettings) -> None:
        self.bootstrap = bootstrap
        self.client_id = client_id
        self.settings = settings
        self._namespace = namespace
        self._topics: dict[str, Topic] = {}
        self._client: Any = None
        self._opening = asyncio.Lock()

    def physical(self, name: str) -> str:
        """The name in Kafka of our topic or group."""
        return f"{self._namespace}{name}"

    def logical(self, name: str) -> str:
        return name.removeprefix(self._namespace)

    async def known(self, names: Iterable[str]) -> dict[str, Topic]:
        """Topics as last seen; only those never seen are asked for.

        Raises:
            UnknownTopic: there is none of this name.
        """
        wanted = list(names)
        if missing := [name for name in wanted if name not in self._topics]:
            await self.look(missing)
        for name in wanted:
            if name not in self._topics:
                raise UnknownTopic(name)
        return {name: self._topics[name] for name in wanted}

    async def look(self, names: Collection[str]) -> dict[str, Topic]:
        """Ask which of these topics exist now."""
        answer = await self.ask(lambda: TopicsRequest([self.physical(name) for name in names]))
        for name in names:
            self._topics.pop(name, None)
        for error, physical, topic_id, _, partitions, *_ in answer.topics:
            if error:
                if for_code(error) is not UnknownTopicOrPartitionError:
                    raise BusUnavailable(f"{physical}: {for_code(error).__name__}")
                continue
            name = self.logical(physical)
            leaders = tuple(leader for _, _, leader, *_ in sorted(partitions, key=lambda p: int(p[1])))
            self._topics[name] = Topic(name, str(topic_id), leaders)
        return {name: self._topics[name] for name in names if name in self._topics}

    def forget(self) -> None:
        """After an error: the next question for a topic looks anew."""
        self._topics.clear()

    async def offsets(self, topics: Iterable[str], which: int = LATEST) -> dict[TopicPartition, int]:
        """The first offset, or the one after the last, of each partition: one request for each leader."""
        wanted = list(topics)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.request
        while True:
            try:
                return await self._offsets(await self.known(wanted), which)
            except BusUnavailable as outage:
                moved = isinstance(
                    outage.__cause__, NotLeaderForPartitionError | UnknownTopicOrPartitionError
                )
                if not moved or loop.time() > deadline:
                    raise
            # Leaders move, and a broker knows of a new topic before its log is there.
            await asyncio.sleep(_PAUSE_S)
            await self.look(wanted)

    async def _offsets(self, topics: Mapping[str, Topic], which: int) -> dict[TopicPartition, int]:
        by_leader: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for topic in topics.values():
            for number, leader in enumerate(topic.leaders):
                parts = by_leader.setdefault(leader, {}).setdefault(self.physical(topic.name), [])
                parts.append((number, which))
        found: dict[TopicPartition, int] = {}
        for leader, parts_of in by_leader.items():
            request = OffsetRequest(-1, 0, list(parts_of.items()))
            answer = await self.ask(lambda request=request: request, leader)  # type: ignore[misc]
            for physical, parts in answer.topics:
                for number, error, _, offset in parts:
                    if error:
                        with outages():
                            raise for_code(error)(f"{physical}[{number}]")
                    found[self.logical(physical), number] = offset
        return found

    async def ask(self, request: Callable[[], Any], node: int | None = None) -> Any:
        """Ask this node, or whichever answers."""
        for attempt in range(_ATTEMPTS):
            client = await self._connected()
            asked = client.get_random_node() if node is None else node
            try:
                with outages():
                    return await asyncio.wait_for(client.send(asked, request()), self.settings.request)
            except BusUnavailable as outage:
                if (
                    node is None
                    and isinstance(outage.__cause__, NodeNotReadyError)
                    and attempt < _ATTEMPTS - 1
                ):
                    continue
                await self._drop(client)
                raise
        raise BusUnavailable("no broker answers")

    async def _connected(self) -> Any:
        async with self._opening:
            if self._client is None:
                client = AIOKafkaClient(
                    bootstrap_servers=self.bootstrap,
                    client_id=self.client_id,
                    request_timeout_ms=milliseconds(self.settings.request),
                )
                try:
                    with outages():
                        await asyncio.wait_for(client.bootstrap(), self.settings.request)
                except BaseException:
                    await self._close(client)
                    raise
                self._client = client
            return self._client

    async def _drop(self, client: Any) -> None:
        self.forget()
        if self._client is client:
            self._client = None
        await self._close(client)

    async def _close(self, client: Any) -> None:
        try:
            await asyncio.wait_for(client.close(), self.settings.stop)
        except OUTAGES as trouble:
            log.info("kafka.connection_close_failed", error=type(trouble).__name__)

    async def close(self) -> None:
        if self._client is not None:
            await self._drop(self._client)
