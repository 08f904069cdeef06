"""Tells the relay's process of committed outbox rows: it sits in another process than whoever wrote them.

Never inside the writing transaction: a NOTIFY takes a lock of the whole cluster at commit, which would end
group commits. All commits since the last notice are one notice.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog

from hotline_chassis.database import TROUBLE
from hotline_chassis.relay import CHANNEL
from hotline_chassis.signals import Signal
from hotline_chassis.troubles import Troubles

log = structlog.get_logger(__name__)

PACE_SECONDS = 0.002
"""Between two notices: under load the relay is awake anyway."""
RETRY_SECONDS = 0.2


@asynccontextmanager
async def telling_relay(dsn: dict[str, Any], written: Signal) -> AsyncIterator[None]:
    """Send one notice for all commits that raised ``written`` meanwhile, as long as the block runs.

    A notice that is lost costs little: the relay looks by itself now and then.
    """
    telling = asyncio.create_task(_tell(dsn, written))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})


async def _tell(dsn: dict[str, Any], written: Signal) -> None:
    connection: asyncpg.Connection | None = None
    troubles = Troubles()
    try:
        while True:
            await written.wait(None)
            try:
                connection = connection or await _connect(dsn)
                await connection.execute(f"NOTIFY {CHANNEL}")
                await asyncio.sleep(PACE_SECONDS)
            except TROUBLE as trouble:
                error = type(trouble).__name__
                if (untold := troubles.due(error)) is not None:
                    log.warning("outbox_notices.retries", error=error, untold=untold)
                if connection is not None:
                    connection.terminate()
                connection = None
                written.raise_()  # this notice is still owed, also when nobody writes any more
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        if connection is not None:
            connection.terminate()


async def _connect(dsn: dict[str, Any]) -> asyncpg.Connection:
    connection: asyncpg.Connection = await asyncpg.connect(**dsn)
    # A notice has a transaction id, so its commit would be flushed; it holds nothing worth that.
    await connection.execute("SET synchronous_commit = off")
    return connection
