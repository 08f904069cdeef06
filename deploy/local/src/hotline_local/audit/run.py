"""One audit, from reaching the databases to the report."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from hotline_chassis.embedded_postgres import DataDirectoryInUse, EmbeddedPostgres, running_dsn

from . import (
    cards,
    city,
    clocks,
    consumption,
    deadlines,
    histories,
    numbering,
    privacy,
    publications,
    ratings,
    topics,
)
from .findings import Findings
from .reading import Dsn, read_snapshot
from .snapshot import Snapshot

FAMILIES = (
    numbering.check,
    topics.check,
    histories.check,
    publications.check,
    consumption.check,
    deadlines.check,
    clocks.check,
    cards.check,
    ratings.check,
    city.check,
    privacy.check,
)


class NothingToAudit(Exception):
    """The data directory holds no system."""


async def audit(data_dir: Path) -> dict[str, Any]:
    """Check every invariant of a data directory.

    Attaches to a system that runs on it; otherwise takes its lock, starts PostgreSQL and stops it again.

    Returns:
        ``{"clean": bool, "checked": {invariant: n}, "violations": [{"invariant", "subject", "detail"}]}``.

    Raises:
        NothingToAudit: nothing was ever started there.
    """
    async with _databases(data_dir) as (dsn, running):
        try:
            snapshot = await read_snapshot(dsn, running=running)
        except (
            asyncpg.InvalidCatalogNameError,
            asyncpg.UndefinedColumnError,
            asyncpg.UndefinedTableError,
        ) as missing:
            raise NothingToAudit(f"数据目录 {data_dir} 中的系统不完整：{missing}") from missing
    return examine(snapshot)


def examine(snapshot: Snapshot) -> dict[str, Any]:
    """Hold every invariant against what was read."""
    findings = Findings()
    for check in FAMILIES:
        check(snapshot, findings)
    return findings.report()


@asynccontextmanager
async def _databases(data_dir: Path) -> AsyncIterator[tuple[Dsn, bool]]:
    folder = data_dir / "postgres"
    if not (folder / "pgdata").exists():
        raise NothingToAudit(f"数据目录 {data_dir} 中没有系统的数据。")
    postgres = EmbeddedPostgres(folder)
    try:
        await postgres.start()
    except DataDirectoryInUse:
        yield lambda database: running_dsn(folder, database), True
        return
    try:
        yield postgres.dsn, False
    finally:
        await postgres.stop()
