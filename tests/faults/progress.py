"""How much is still on its way, asked of the databases and of the log alone."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import asyncpg

from hotline_chassis.bus.port import Bus
from hotline_local.audit.layout import SERVICES

Dsn: TypeAlias = Callable[[str], dict[str, Any]]

_OUTBOX = "SELECT count(*) FROM outbox"
_POSITIONS = "SELECT topic, partition, next_offset FROM positions WHERE topic = $1 AND incarnation = $2"


async def on_its_way(dsn: Dsn, bus: Bus) -> Counter[str]:
    """Records that a relay has not sent, or that a consumer has not applied; by service and what is missing.

    Args:
        dsn: connection arguments of a service's database, by its name.
        bus: the log that all of them use.
    """
    left: Counter[str] = Counter()
    for name, layout in SERVICES.items():
        connection = await asyncpg.connect(**dsn(name))
        try:
            left[f"{name} outbox"] += await connection.fetchval(_OUTBOX)
            for topic, behind in (await unread(connection, bus, layout.consumes)).items():
                left[f"{name} {topic}"] += behind
        finally:
            await connection.close()
    return +left


async def unread(connection: asyncpg.Connection, bus: Bus, topics: Sequence[str]) -> Counter[str]:
    """Records of these topics that are not applied in this database, by topic."""
    left: Counter[str] = Counter()
    ends = await bus.end_offsets(topics)
    for topic in topics:
        rows = await connection.fetch(_POSITIONS, topic, await bus.incarnation(topic))
        read = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        left[topic] += sum(end - read.get(at, 0) for at, end in ends.items() if at[0] == topic)
    return +left
