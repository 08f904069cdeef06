"""Apply a package's missing migrations."""

import asyncio
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

FILE_NAME = re.compile(r"(?P<revision>\d{4})_(?:pre|post)_[a-z0-9_]+\.py")
ADVISORY_LOCK = 0x686F746C696E65  # one per database: "hotline"
LOCK_TIMEOUT = "5s"
# `alembic.op` is a global of the process; services that migrate at the same time would write into each other.
_ALEMBIC = asyncio.Lock()


class MigrationMisnamed(Exception):
    """A migration is not called `NNNN_pre_slug.py` or `NNNN_post_slug.py`, or its number is taken twice."""


class SchemaIsNewer(Exception):
    """The database is at a revision this code does not have: an older release was started on newer data."""


async def migrate(dsn: Mapping[str, Any], package: str) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own, and return the revisions applied.

    Starters that race wait for each other; the later ones find nothing to do. A migration waits at most 5 s for
    a lock on a table in use, then fails and can be run again. Needs a direct connection, no transaction pooler.

    Args:
        dsn: keyword arguments of `asyncpg.connect`.
        package: the importable package that holds `migrations/`, as `routing_svc`.

    Raises:
        MigrationMisnamed: before anything is applied.
        SchemaIsNewer: the database knows a revision that the package does not.
    """
    folder = migrations_folder(package)
    known = revisions(folder)
    current = await _current_revision(dsn)
    if known[-1:] == ([current] if current else []):
        return []
    if current is not None and current not in known:
        raise SchemaIsNewer(f"{package}: the database is at {current}, the code knows {', '.join(known)}")
    from hotline_chassis.migrations.engine import connected

    async with _ALEMBIC, connected(dsn) as connection:
        return await connection.run_sync(_upgrade, folder)


async def is_migrated(dsn: Mapping[str, Any], package: str) -> bool:
    """Whether the database has at least the newest `pre` migration of this code; a newer one suits it too."""
    wanted = [file.name[:4] for file in sorted(migrations_folder(package).glob("versions/*_pre_*.py"))]
    current = await _current_revision(dsn)
    return current is not None and current >= max(wanted)


def migrations_folder(package: str) -> Path:
    """Find the package's `migrations` folder without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {package}", name=package)
    return Path(spec.submodule_search_locations[0]) / "migrations"


def revisions(folder: Path) -> list[str]:
    """List the revisions of a migrations folder in order, from the file names alone."""
    found: list[str] = []
    for file in sorted(folder.glob("versions/*.py")):
        if file.name == "__init__.py":
            continue
        named = FILE_NAME.fullmatch(file.name)
        if named is None or named["revision"] in found:
            raise MigrationMisnamed(str(file))
        found.append(named["revision"])
    return found


async def _current_revision(dsn: Mapping[str, Any]) -> str | None:
    """Ask without SQLAlchemy and Alembic: importing them takes longer than everything else of a start."""
    connection = await asyncpg.connect(**dsn)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()


def _upgrade(connection: "Connection", folder: Path) -> list[str]:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    _wait_for_turn(connection)
    script = _script(folder)
    applied: list[str] = []

    def missing(current: Any, _: Any) -> Any:
        steps = script._upgrade_revs("head", current)  # noqa: SLF001 as Alembic's own manual does
        applied.extend(step.revision.revision for step in steps)
        return steps

    with EnvironmentContext(Config(), script, fn=missing, destination_rev="head") as environment:
        environment.configure(connection=connection, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
    connection.commit()
    return applied


def _wait_for_turn(connection: "Connection") -> None:
    """Hold the session's lock until the connection closes; only then limit how long a migration may wait."""
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
    connection.commit()


def _script(folder: Path) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])
    for revision in script.walk_revisions():
        if not Path(revision.path).name.startswith(f"{revision.revision}_"):
            raise MigrationMisnamed(f"{revision.path} calls itself {revision.revision}")
    return script
