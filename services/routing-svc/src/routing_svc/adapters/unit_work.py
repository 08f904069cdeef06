"""Units and directory in PostgreSQL."""

from routing_svc.adapters.announcing import SqlAnnouncer
from routing_svc.adapters.rows import unit_of
from routing_svc.domain.directory import DirectoryEntry
from routing_svc.domain.units import Unit

# Two writers that each put their unit below the other's would make a cycle: one at a time. Readers go on.
_HOLD_TREE = "LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE"
_FIND = "SELECT * FROM units WHERE code = $1"
_PUT = """
INSERT INTO units (code, version, name, "group", parent, uscc, lineage, put_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, "group" = excluded."group",
    parent = excluded.parent, uscc = excluded.uscc, lineage = excluded.lineage, put_at = excluded.put_at
"""
_MOVE_BELOW = """
UPDATE units SET lineage = lineage[:array_position(lineage, $1) - 1] || $2::text[]
WHERE lineage @> ARRAY[$1] AND code <> $1
"""
_ADD_ENTRY = """
INSERT INTO directory (entry_id, category, area_code, lead, supports, effective_from, effective_to)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class SqlUnitWork(SqlAnnouncer):
    """``UnitWork`` within one transaction."""

    async def hold_tree(self) -> None:
        await self._connection.execute(_HOLD_TREE)

    async def find(self, code: str) -> Unit | None:
        row = await self._connection.fetchrow(_FIND, code)
        return unit_of(row) if row else None

    async def put(self, unit: Unit) -> None:
        await self._connection.execute(
            _PUT,
            unit.code,
            unit.version,
            unit.name,
            unit.group,
            unit.parent,
            unit.uscc,
            list(unit.lineage),
            unit.put_at,
        )
        if unit.version > 1:
            await self._connection.execute(_MOVE_BELOW, unit.code, list(unit.lineage))


class SqlDirectoryWork(SqlAnnouncer):
    """``DirectoryWork`` within one transaction."""

    async def add(self, entry: DirectoryEntry) -> None:
        await self._connection.execute(
            _ADD_ENTRY,
            entry.entry_id,
            entry.category,
            entry.area_code,
            entry.lead,
            list(entry.supports),
            entry.effective_from,
            entry.effective_to,
        )
