"""Which instance this bus belongs to: the first record of a control topic says it."""

from contextlib import aclosing
from uuid import UUID

from hotline_chassis.bus.kafka.cluster import Cluster
from hotline_chassis.bus.kafka.scan import records_below
from hotline_chassis.bus.kafka.topics import INSTANCE
from hotline_chassis.bus.kafka.writer import Writer
from hotline_chassis.bus.port import BelongsElsewhere, NewRecord


async def instance_of(cluster: Cluster) -> UUID | None:
    """The instance that the bus was bound to; None when it is new."""
    ends = await cluster.offsets([INSTANCE])
    # Keys are the ids themselves, so compaction keeps the order of the first claims.
    async with aclosing(records_below(cluster, ends)) as records:
        async for record in records:
            return UUID(record.key.decode())
    return None


async def bind(cluster: Cluster, writer: Writer, instance: UUID) -> None:
    """Bind a new bus to an instance, once and for ever; of two that try at once the first in the log wins.

    Raises:
        BelongsElsewhere: it is bound to another one.
    """
    found = await instance_of(cluster)
    if found is None:
        claim = str(instance).encode()
        await writer.append([NewRecord(INSTANCE, claim, [], claim)])
        found = await instance_of(cluster)
    if found != instance:
        raise BelongsElsewhere(f"the bus belongs to instance {found}, not {instance}")
