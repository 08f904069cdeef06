"""This service's copy of the units, in PostgreSQL."""

from collections.abc import Sequence

from hotline_chassis.database import Transaction
from knowledge_svc.application.ports import Unit

_PUT = """
INSERT INTO units (code, version, name, parent)
SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[])
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, parent = excluded.parent
WHERE units.version < excluded.version
"""


class SqlUnitWork:
    """``UnitWork`` within the consumer's transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    async def put(self, units: Sequence[Unit]) -> None:
        newest: dict[str, Unit] = {}
        for unit in units:
            if unit.code not in newest or newest[unit.code].version < unit.version:
                newest[unit.code] = unit
        rows = sorted(newest.values(), key=lambda unit: unit.code)
        await self._connection.execute(
            _PUT,
            [unit.code for unit in rows],
            [unit.version for unit in rows],
            [unit.name for unit in rows],
            [unit.parent for unit in rows],
        )
