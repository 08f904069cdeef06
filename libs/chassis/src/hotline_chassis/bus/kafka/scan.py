"""Reading without a group: whole topics, and control topics from their beginning."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from hotline_chassis.bus.kafka.cluster import EARLIEST, Cluster
from hotline_chassis.bus.kafka.ending import end
from hotline_chassis.bus.kafka.outages import outages
from hotline_chassis.bus.kafka.settings import milliseconds
from hotline_chassis.bus.port import BusUnavailable, Record, TopicPartition

_LOOK_MS = 500


def as_record(cluster: Cluster, found: Any) -> Record:
    """A record with the port's types: foreign producers leave out keys and header values."""
    headers = list(found.headers)
    for name, value in found.headers:
        if value is None:
            headers[headers.index((name, None))] = (name, b"")
    topic = cluster.logical(found.topic)
    return Record(topic, found.partition, found.offset, found.key or b"", headers, found.value)


@asynccontextmanager
async def assigned_to(cluster: Cluster, partitions: Iterable[TopicPartition]) -> AsyncIterator[Any]:
    """A consumer of just these partitions, without a group."""
    settings = cluster.settings
    consumer = AIOKafkaConsumer(
        bootstrap_servers=cluster.bootstrap,
        client_id=f"{cluster.client_id}-scan",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=milliseconds(settings.request),
    )
    try:
        consumer.assign([KafkaPartition(cluster.physical(topic), number) for topic, number in partitions])
        await asyncio.wait_for(consumer.start(), settings.request)
        yield consumer
    finally:
        await end(consumer, settings.stop)


async def records_below(cluster: Cluster, ends: Mapping[TopicPartition, int]) -> AsyncGenerator[Record, None]:
    """Every record before ``ends``, in order for each partition.

    Raises:
        BusUnavailable: the broker stopped answering; what was read so far is right.
    """
    begins = await cluster.offsets({topic for topic, _ in ends}, EARLIEST)
    wanted = {
        KafkaPartition(cluster.physical(part[0]), part[1]): (begins[part], upto)
        for part, upto in ends.items()
        if begins[part] < upto
    }
    with outages():
        async with assigned_to(
            cluster, [(cluster.logical(p.topic), p.partition) for p in wanted]
        ) as consumer:
            for part, (begin, _) in wanted.items():
                consumer.seek(part, begin)
            idle = 0.0
            while wanted:
                batches = await consumer.getmany(*wanted, timeout_ms=_LOOK_MS)
                idle = 0 if batches else idle + _LOOK_MS / 1000
                if idle > cluster.settings.stall:
                    raise BusUnavailable(f"nothing came of {sorted(wanted)}")
                for part, records in batches.items():
                    for found in records:
                        if found.offset < wanted[part][1]:
                            yield as_record(cluster, found)
                for part in [p for p in wanted if await consumer.position(p) >= wanted[p][1]]:
                    consumer.pause(part)
                    del wanted[part]
