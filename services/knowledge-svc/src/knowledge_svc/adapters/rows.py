"""Between rows and the frozen values of the domain."""

import asyncpg

from knowledge_svc.domain.entries import Content, Entry, Version

LINEAGE = """
WITH RECURSIVE above(code) AS (
    SELECT code FROM units WHERE code = {unit}
    UNION
    SELECT units.parent FROM above JOIN units USING (code) WHERE units.parent IS NOT NULL
)
SELECT array_agg(code) FROM above
"""
"""A unit and all above it; UNION ends also where units stand in a ring for a moment."""

VERSION_COLUMNS = """
v.version, v.state AS version_state, v.kind, v.title, v.body, v.source_url, v.valid_from, v.valid_until,
v.written_by, v.written_at, v.submitted_by, v.submitted_at, v.decided_by, v.decided_at, v.reason
"""
ENTRY_COLUMNS = f"""
e.entry_id, e.site, e.unit, e.state, e.published_version, e.created_at, e.revision, e.last_at, e.last_hash,
{VERSION_COLUMNS}, ({LINEAGE.format(unit="e.unit")}) AS lineage
"""


def version_of(row: asyncpg.Record) -> Version:
    return Version(
        number=row["version"],
        state=row["version_state"],
        content=Content(
            kind=row["kind"],
            title=row["title"],
            body=row["body"],
            source_url=row["source_url"],
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
        ),
        written_by=row["written_by"],
        written_at=row["written_at"],
        submitted_by=row["submitted_by"],
        submitted_at=row["submitted_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        reason=row["reason"],
    )


def entry_of(row: asyncpg.Record) -> Entry:
    return Entry(
        entry_id=row["entry_id"],
        site=row["site"],
        unit=row["unit"],
        lineage=frozenset(row["lineage"]),
        state=row["state"],
        newest=version_of(row),
        published_version=row["published_version"],
        created_at=row["created_at"],
        revision=row["revision"],
        last_at=row["last_at"],
        last_hash=row["last_hash"],
    )
