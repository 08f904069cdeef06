"""Reads everything, in an order that never makes a busy system look broken.

1. The virtual clock, then the ends of the topics: what lies below them was committed before.
2. Each service's tables with its outbox, one moment per database. A row's event is then in the outbox of
   the same moment or already on its topic, because a relay deletes only what it has appended.
3. The topics to their ends.

So each row must find its event in what was read (forward), and each event below the first ends, or in the
outbox, must find its row (backward). Effects are compared with the records below the position that was
read with them, so a backlog violates nothing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import orjson

from . import layout
from .layout import CHASSIS_TABLES, LOCAL, SERVICES, ServiceLayout
from .logs import open_log
from .snapshot import Headers, Record, ServiceTables, Snapshot

Dsn: TypeAlias = Callable[[str], dict[str, Any]]

TIMER_PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.2
CLOCK_STEP = timedelta(seconds=1)


async def read_snapshot(dsn: Dsn, *, running: bool) -> Snapshot:
    """Read all databases and topics; ``running`` says whether the system may change them meanwhile."""
    rows = await _fetch(dsn(LOCAL), layout.INSTANCE_OF_DATA)
    identity = rows[0] if rows else None
    virtual_now: datetime | None = identity["virtual_now"] if identity else None
    async with open_log(identity, dsn) as log:
        bus_instance_id = await log.instance_id()
        watermark = await log.oldest_watermark()
        ends_before = await log.ends()
        services = {name: await _read_service(dsn(name), service) for name, service in SERVICES.items()}
        return Snapshot(
            instance_id=identity["instance_id"] if identity else None,
            bus_instance_id=bus_instance_id,
            virtual_now=virtual_now,
            services=services,
            log=await log.read(ends_before),
            due_clocks=await _read_due_clocks(dsn, virtual_now, watermark, running=running),
            city_day=await _read_city_day(dsn(LOCAL)),
        )


async def _read_city_day(dsn: dict[str, Any]) -> asyncpg.Record | None:
    [exists] = await _fetch(dsn, layout.CITY_DAY_EXISTS)
    rows = await _fetch(dsn, layout.CITY_DAY) if exists["found"] else []
    return rows[0] if rows else None


async def _fetch(dsn: dict[str, Any], *statement: Any) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(**dsn)
    try:
        found: list[asyncpg.Record] = await connection.fetch(*statement)
    finally:
        await connection.close()
    return found


async def _fetch_all(dsn: dict[str, Any], statements: Mapping[str, str]) -> dict[str, list[asyncpg.Record]]:
    """All statements in one read-only transaction that sees one moment."""
    connection = await asyncpg.connect(**dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return {name: await connection.fetch(statement) for name, statement in statements.items()}
    finally:
        await connection.close()


async def _read_service(dsn: dict[str, Any], service: ServiceLayout) -> ServiceTables:
    found = await _fetch_all(dsn, {**CHASSIS_TABLES, **service.tables})
    rows = found.pop("outbox")
    outbox = [
        Record(row["topic"], None, row["id"], row["key"], _outbox_headers(row["headers"]), row["value"])
        for row in rows
    ]
    return ServiceTables(outbox, [row["event_id"] for row in rows], found)


def _outbox_headers(packed: bytes) -> Headers:
    """Headers of an outbox row; none at all when they are not readable, which the record then says."""
    try:
        return [(name, value.encode("latin-1")) for name, value in orjson.loads(packed)]
    except (ValueError, TypeError, AttributeError):
        return []


async def _read_due_clocks(
    dsn: Dsn, virtual_now: datetime | None, watermark: datetime | None, *, running: bool
) -> Sequence[asyncpg.Record]:
    """Clocks that the timer has left behind.

    A virtual clock passes an instant only when all that is due at it was done, whoever is killed when; it
    was read first. Under the system clock the timer of a running system is given time to catch up, and of
    a stopped one nothing can be said: it may have been stopped just before.
    """
    if virtual_now is not None:
        return await _fetch(dsn("sla"), layout.DUE_CLOCKS, virtual_now - CLOCK_STEP)
    if watermark is None or not running:
        return []
    rows: list[asyncpg.Record] = []
    for _ in range(int(TIMER_PATIENCE_SECONDS / POLL_SECONDS)):
        rows = await _fetch(dsn("sla"), layout.DUE_CLOCKS, watermark)
        if not rows:
            break
        await asyncio.sleep(POLL_SECONDS)
    return rows
