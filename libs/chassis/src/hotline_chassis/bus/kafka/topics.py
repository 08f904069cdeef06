"""Making topics, and deleting them."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.admin import CreateTopicsRequest, DeleteTopicsRequest

from hotline_chassis.bus.kafka.cluster import Cluster, Topic
from hotline_chassis.bus.kafka.outages import outages
from hotline_chassis.bus.kafka.settings import milliseconds
from hotline_chassis.bus.port import BusUnavailable, TopicDiffers
from hotline_contracts.events.registry import COMPACTED

WATERMARKS = "control.watermarks"
INSTANCE = "control.instance"

_VISIBLE_WITHIN_S = 20
_LOOK_EACH_S = 0.05

_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1", "unclean.leader.election.enable": "false"}
# Watermarks come several times a second for each topic, and only the newest counts: whoever reads them from
# the beginning must not have to read a day of them.
_LATEST_ONLY = {
    "cleanup.policy": "compact",
    "segment.ms": "300000",
    "min.cleanable.dirty.ratio": "0.05",
    "delete.retention.ms": "3600000",
}


def configuration(name: str, min_insync: int) -> dict[str, str]:
    """How Kafka keeps the topic of this name (ours, without the namespace)."""
    config = {**_FOR_EVER, "min.insync.replicas": str(min_insync)}
    if name == WATERMARKS:
        config.update(_LATEST_ONLY)
    elif name == INSTANCE or name in COMPACTED:
        config["cleanup.policy"] = "compact"
    return config


class Topics:
    """Creates what is missing, as the whole cluster keeps it; deletes what an instance leaves behind."""

    def __init__(self, cluster: Cluster, *, replication: int, min_insync: int) -> None:
        self._cluster = cluster
        self._replication = replication
        self._min_insync = min_insync

    async def ensure(self, partitions: Mapping[str, int]) -> set[str]:
        """Create the topics that are missing; returns those that were.

        Raises:
            TopicDiffers: one exists with another number of partitions.
        """
        found = await self._cluster.look(list(partitions))
        missing = {name: count for name, count in partitions.items() if name not in found}
        if missing:
            await self._create(missing)
            found = await self._visible(list(partitions))
            await self._cluster.offsets(missing)  # the logs are there
        for name, wanted in partitions.items():
            if (count := len(found[name].leaders)) != wanted:
                raise TopicDiffers(f"{name} has {count} partitions, not {wanted}")
        return set(missing)

    async def _create(self, partitions: Mapping[str, int]) -> None:
        wanted: list[Any] = [
            (
                self._cluster.physical(name),
                count,
                self._replication,
                [],  # the cluster places the replicas
                list(configuration(name, self._min_insync).items()),
            )
            for name, count in partitions.items()
        ]
        answer = await self._cluster.ask(
            lambda: CreateTopicsRequest(
                wanted, milliseconds(self._cluster.settings.request), validate_only=False
            )
        )
        for name, error, message, *_ in answer.topic_errors:
            # Another process that starts just now made it first.
            if error and for_code(error) is not TopicAlreadyExistsError:
                raise BusUnavailable(f"{name} was not created: {for_code(error).__name__} {message}")

    async def delete(self, names: Collection[str]) -> None:
        """Delete those of these topics that there are, and wait until the brokers know."""
        wanted = [self._cluster.physical(name) for name in names]
        answer = await self._cluster.ask(
            lambda: DeleteTopicsRequest(wanted, milliseconds(self._cluster.settings.request))
        )
        for name, error in answer.topic_error_codes:
            if error and for_code(error) is not UnknownTopicOrPartitionError:
                raise BusUnavailable(f"{name} was not deleted: {for_code(error).__name__}")
        with outages():
            async with asyncio.timeout(_VISIBLE_WITHIN_S):
                while await self._cluster.look(names):  # noqa: ASYNC110 - a broker tells nobody
                    await asyncio.sleep(_LOOK_EACH_S)

    async def _visible(self, names: list[str]) -> dict[str, Topic]:
        """Wait until the brokers know the topics and each partition has a leader."""
        with outages():
            async with asyncio.timeout(_VISIBLE_WITHIN_S):
                while True:
                    found = await self._cluster.look(names)
                    if len(found) == len(names) and all(min(t.leaders) >= 0 for t in found.values()):
                        return found
                    await asyncio.sleep(_LOOK_EACH_S)
