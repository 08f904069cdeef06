"""SQLAlchemy's view of one connection, for Alembic; imported only when there is something to migrate."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool


@asynccontextmanager
async def connected(dsn: Mapping[str, Any]) -> AsyncIterator[AsyncConnection]:
    """Open one connection with asyncpg's own arguments and close it afterwards."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(**dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()
