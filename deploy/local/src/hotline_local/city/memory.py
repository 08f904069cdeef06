"""What a data directory remembers of its city day: from which spec it was played, and how it came out."""

from typing import Any, cast

import asyncpg
import orjson

from hotline_local.city.plan import Plan, Spec
from hotline_local.instance import DATABASE
from hotline_local.machine import Machine

_SCHEMA = """
CREATE TABLE IF NOT EXISTS city_day (
  is_the_one boolean PRIMARY KEY DEFAULT true CHECK (is_the_one),
  seed bigint NOT NULL,
  scale double precision NOT NULL,
  days integer NOT NULL,
  digest text NOT NULL,
  differences jsonb
)
"""
_REMEMBER = """
INSERT INTO city_day (seed, scale, days, digest) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


class Memory:
    """One row beside what the instance remembers of itself."""

    def __init__(self, machine: Machine) -> None:
        self._dsn = machine.postgres.dsn(DATABASE)

    async def spec(self) -> Spec | None:
        """What was played here; None before."""
        row = await self._row("SELECT seed, scale, days FROM city_day")
        return None if row is None else Spec(seed=row["seed"], scale=row["scale"], days=row["days"])

    async def begin(self, plan: Plan) -> None:
        """Remember the plan before the first of it is played."""
        spec = plan.spec
        await self._row(_REMEMBER, spec.seed, spec.scale, spec.days, plan.digest())

    async def differences(self) -> list[str] | None:
        """Where the system and the oracle differed once all was played; None before."""
        row = await self._row("SELECT differences FROM city_day")
        stored = None if row is None else row["differences"]
        return None if stored is None else cast("list[str]", orjson.loads(stored))

    async def end(self, found: list[str]) -> None:
        await self._row("UPDATE city_day SET differences = $1", orjson.dumps(found).decode())

    async def _row(self, statement: str, *values: Any) -> asyncpg.Record | None:
        connection = await asyncpg.connect(**self._dsn)
        try:
            await connection.execute("SET client_min_messages = warning")
            await connection.execute(_SCHEMA)
            row: asyncpg.Record | None = await connection.fetchrow(statement, *values)
            return row
        finally:
            await connection.close()
