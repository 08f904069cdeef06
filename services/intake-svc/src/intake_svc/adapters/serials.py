"""Serials of ticket numbers, from one counter a day."""

from datetime import date

import asyncpg

TAKE_SERIALS = """
INSERT INTO ticket_serials AS s (day, last) VALUES ($1, $2)
ON CONFLICT (day) DO UPDATE SET last = s.last + excluded.last RETURNING last
"""

# A transaction of its own that waits for no disk, so that two flushes do not queue for the counter while
# one of them commits. It cannot be lost alone: its commit lies before that of the flush in the log, and
# a log is durable from its beginning. A flush that fails leaves a gap, which is allowed.
_RESERVE = """
WITH fast AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO ticket_serials AS s (day, last) SELECT $1, $2 FROM fast
ON CONFLICT (day) DO UPDATE SET last = s.last + excluded.last RETURNING last
"""


async def reserve_serials(connection: asyncpg.Connection, day: date, count: int) -> range:
    """``count`` serials of a day that nobody else will get; ``connection`` is outside any transaction."""
    last: int = await connection.fetchval(_RESERVE, day, count)
    return range(last - count + 1, last + 1)
