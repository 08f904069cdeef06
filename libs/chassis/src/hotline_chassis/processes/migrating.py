"""The ``migrate`` role: schema, topics, first records."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog

from hotline_chassis.bus.port import BusUnavailable
from hotline_chassis.consumer import dlq_topic
from hotline_chassis.database import TROUBLE
from hotline_chassis.migrations import migrate
from hotline_chassis.processes.composition import (
    Build,
    OpenBus,
    built,
    consumed,
    silent_verifier,
    surroundings,
)
from hotline_chassis.processes.lifetime import Lifetime
from hotline_chassis.processes.settings import ServiceSettings
from hotline_chassis.service import Service
from hotline_contracts.events.registry import PARTITIONS

log = structlog.get_logger(__name__)

TURN = 0x6D696772617465
"""Advisory lock, one per database: the whole role, not only the schema, is one's turn."""

ENDED_EARLY = 1
"""Whoever runs the role takes 0 for "all is there", also when a node was drained in the middle of it."""


class AnotherMigrates(Exception):
    """Another one has the turn."""


async def migrate_service(
    package: str, build: Build, open_bus: OpenBus, settings: ServiceSettings, lifetime: Lifetime
) -> None:
    """Do what is missing, and end; doing it again changes nothing.

    Raises:
        SchemaIsNewer: an older release was started on newer data.
        TopicDiffers: a topic exists with another number of partitions.
    """
    lifetime.ended_early = ENDED_EARLY
    dsn = settings.database.dsn
    async with _turn(dsn, lifetime):
        applied = await migrate(dsn, package)
        log.info("migrate.schema", applied=applied)
        bus = await lifetime.until_there(
            "bus",
            lambda: open_bus(settings.kafka, lifetime.system_clock, f"{package}-migrate"),
            (BusUnavailable,),
        )
        outside = surroundings(settings, bus, silent_verifier(settings, lifetime.system_clock))
        service = await built(package, build, outside, lifetime)
        try:
            topics = topics_of(service)
            await lifetime.until_there("bus", lambda: bus.ensure_topics(topics), (BusUnavailable,))
            log.info("migrate.topics", topics=sorted(topics))
            if service.seed is not None:
                await service.seed()
        finally:
            await service.database.close()
            await bus.close()


def topics_of(service: Service) -> Mapping[str, int]:
    """What the service writes, with partitions: its own topics, and dead letters of what it reads."""
    own = {topic: PARTITIONS[topic] for topic in service.publishes}
    return {**own, **{dlq_topic(topic): 1 for topic in consumed(service)}}


@asynccontextmanager
async def _turn(dsn: dict[str, Any], lifetime: Lifetime) -> AsyncIterator[None]:
    """Hold the lock on a connection of its own.

    Asked for again and again, not waited for: a waiting statement holds a snapshot, and an index that is
    built concurrently waits for that.
    """

    async def take() -> asyncpg.Connection:
        connection: asyncpg.Connection = await asyncpg.connect(**dsn)
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", TURN):
            await connection.close()
            raise AnotherMigrates
        return connection

    connection = await lifetime.until_there("database and turn", take, (AnotherMigrates, *TROUBLE))
    try:
        yield
    finally:
        await connection.close()
