import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import CheckConstraint, Column, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.schema import SchemaItem

from hotline_chassis.migrations import MigrationMisnamed, SchemaIsNewer, drift, migrate
from hotline_chassis.testing.postgres import DatabaseFactory

TICKETS = "op.create_table('ticket', sa.Column('id', sa.Integer, primary_key=True))"
SUBJECT = "op.add_column('ticket', sa.Column('subject', sa.Text, nullable=False))"
INDEX = "op.create_index('ix_open', 'ticket', ['id'], postgresql_where=sa.text(\"subject <> ''\"))"
UNTIL_ANOTHER_WAITS = """
DO $$ BEGIN
  FOR attempt IN 1..1000 LOOP
    PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
    EXIT WHEN EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock');
  END LOOP;
END $$
"""


class TinyPackage:
    """A service package made for one test, importable as `name`."""

    def __init__(self, folder: Path) -> None:
        self.name = f"tiny_{uuid4().hex}"
        self._versions = folder / self.name / "migrations" / "versions"
        self._versions.mkdir(parents=True)
        (folder / self.name / "__init__.py").touch()
        self._versions.joinpath("__init__.py").touch()

    def add(self, revision: str, upgrade: str, *, phase: str = "pre", after: str | None = None) -> Path:
        file = self._versions / f"{revision}_{phase}_step.py"
        file.write_text(
            dedent(f"""\
                import sqlalchemy as sa
                from alembic import op
                revision, down_revision = {revision!r}, {after!r}

                def upgrade():
                    {upgrade}
                """)
        )
        return file


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyPackage:
    monkeypatch.syspath_prepend(tmp_path)
    return TinyPackage(tmp_path)


@pytest.fixture
async def dsn(database_factory_of_each_version: DatabaseFactory) -> dict[str, Any]:
    return await database_factory_of_each_version(None)


@pytest.fixture
async def database(dsn: dict[str, Any]) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**dsn)
    yield connection
    await connection.close()


def tables_of_code(**changes: Callable[[], SchemaItem]) -> MetaData:
    made: dict[str, Callable[[], SchemaItem]] = {
        "subject": lambda: Column("subject", Text, nullable=False),
        "index": lambda: Index("ix_open", "id", postgresql_where=text("subject <> ''")),
        "check": lambda: CheckConstraint("id > 0", name="positive"),
    }
    metadata = MetaData()
    items = [make() for make in (made | changes).values()]
    Table("ticket", metadata, Column("id", Integer, primary_key=True), *items)
    return metadata


async def migrated_for_drift(package: TinyPackage, dsn: dict[str, Any]) -> None:
    package.add("0001", TICKETS)
    package.add("0002", SUBJECT, after="0001")
    package.add("0003", "op.create_check_constraint('positive', 'ticket', 'id > 0')", after="0002")
    package.add("0004", INDEX, after="0003")
    await migrate(dsn, package.name)


async def test_missing_migrations_are_applied_in_order_and_only_once(
    package: TinyPackage, dsn: dict[str, Any], database: asyncpg.Connection
) -> None:
    package.add("0001", TICKETS)
    assert await migrate(dsn, package.name) == ["0001"]
    package.add("0002", SUBJECT, after="0001")
    package.add("0003", "op.execute('DROP TABLE ticket')", phase="post", after="0002")
    assert await migrate(dsn, package.name) == ["0002", "0003"]
    assert await migrate(dsn, package.name) == []
    assert await database.fetchval("SELECT to_regclass('ticket')") is None


async def test_a_package_without_migrations_has_nothing_to_apply(
    package: TinyPackage, dsn: dict[str, Any]
) -> None:
    assert await migrate(dsn, package.name) == []


async def test_an_up_to_date_database_is_told_without_importing_alembic(
    package: TinyPackage, dsn: dict[str, Any], tmp_path: Path
) -> None:
    package.add("0001", TICKETS)
    await migrate(dsn, package.name)
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(tmp_path)!r})
from hotline_chassis.migrations import migrate
assert asyncio.run(migrate({dsn!r}, {package.name!r})) == []
assert not [name for name in sys.modules if name.startswith(("alembic", "sqlalchemy"))]
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


async def test_starters_that_race_apply_each_migration_once(
    package: TinyPackage, dsn: dict[str, Any], tmp_path: Path
) -> None:
    package.add("0001", f"{TICKETS}; op.execute({UNTIL_ANOTHER_WAITS!r})")
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(tmp_path)!r})
from hotline_chassis.migrations import migrate
print(asyncio.run(migrate({dsn!r}, {package.name!r})))
"""
    starters = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    answers = await asyncio.gather(*(starter.communicate() for starter in starters))
    assert sorted(said.strip() for said, _ in answers) == [b"['0001']", b"[]"]


async def test_services_that_migrate_at_the_same_time_do_not_write_into_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_factory: DatabaseFactory
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    packages = [TinyPackage(tmp_path) for _ in range(3)]
    for number, package in enumerate(packages):
        package.add("0001", TICKETS.replace("ticket", f"ticket_{number}"))
        package.add("0002", f"op.execute('INSERT INTO ticket_{number} VALUES (1)')", after="0001")
    dsns = [await database_factory(None) for _ in packages]
    applied = await asyncio.gather(
        *(migrate(dsn, package.name) for dsn, package in zip(dsns, packages, strict=True))
    )
    assert applied == [["0001", "0002"]] * 3


async def test_a_failed_migration_leaves_the_ones_before_it_and_nothing_of_itself(
    package: TinyPackage, dsn: dict[str, Any], database: asyncpg.Connection
) -> None:
    package.add("0001", TICKETS)
    broken = package.add("0002", "op.execute('CREATE TABLE half ()'); raise ZeroDivisionError", after="0001")
    with pytest.raises(ZeroDivisionError):
        await migrate(dsn, package.name)
    assert await database.fetchval("SELECT to_regclass('half')") is None
    broken.unlink()
    package.add("0002", SUBJECT, after="0001")
    assert await migrate(dsn, package.name) == ["0002"]


async def test_every_migration_waits_only_briefly_for_a_lock(
    package: TinyPackage, dsn: dict[str, Any], database: asyncpg.Connection
) -> None:
    package.add(
        "0001", "op.execute(\"CREATE TABLE seen AS SELECT current_setting('lock_timeout') AS value\")"
    )
    await migrate(dsn, package.name)
    assert await database.fetchval("SELECT value FROM seen") == "5s"


@pytest.mark.parametrize("name", ["0001_tickets.py", "1_pre_tickets.py", "0001_during_tickets.py"])
async def test_a_migration_must_say_its_number_and_whether_it_runs_before_or_after_the_code(
    package: TinyPackage, dsn: dict[str, Any], name: str
) -> None:
    package.add("0001", TICKETS).rename(package.add("0001", TICKETS).with_name(name))
    with pytest.raises(MigrationMisnamed):
        await migrate(dsn, package.name)


async def test_a_number_is_given_once(package: TinyPackage, dsn: dict[str, Any]) -> None:
    package.add("0001", TICKETS)
    package.add("0001", TICKETS, phase="post")
    with pytest.raises(MigrationMisnamed):
        await migrate(dsn, package.name)


async def test_a_revision_is_the_number_of_its_file(package: TinyPackage, dsn: dict[str, Any]) -> None:
    file = package.add("0001", TICKETS)
    file.rename(file.with_name("0002_pre_step.py"))
    with pytest.raises(MigrationMisnamed):
        await migrate(dsn, package.name)


async def test_an_older_release_refuses_a_newer_schema(package: TinyPackage, dsn: dict[str, Any]) -> None:
    package.add("0001", TICKETS)
    newest = package.add("0002", SUBJECT, after="0001")
    await migrate(dsn, package.name)
    newest.unlink()
    with pytest.raises(SchemaIsNewer, match="0002"):
        await migrate(dsn, package.name)


async def test_drift_is_empty_when_tables_of_code_and_database_agree(
    package: TinyPackage, dsn: dict[str, Any]
) -> None:
    await migrated_for_drift(package, dsn)
    assert await drift(dsn, tables_of_code()) == []
    assert await drift(dsn, tables_of_code()) == []


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"subject": lambda: Column("subject", Text)}, "modify_nullable"),
        ({"subject": lambda: Column("subject", String(9), nullable=False)}, "modify_type"),
        ({"id_text": lambda: Column("extra", Text, index=True)}, "ix_ticket_extra"),
        ({"subject": lambda: Column("subject", Text, nullable=False, server_default="")}, "modify_default"),
        ({"other": lambda: Column("other", Text)}, "add_column"),
        (
            {"index": lambda: Index("ix_open", "id", postgresql_where=text("subject = ''"))},
            "only_in_code', 'index'",
        ),
        ({"check": lambda: CheckConstraint("id > 1", name="positive")}, "only_in_code', 'constraint'"),
        ({"check": lambda: CheckConstraint("id > 0", name="other")}, "only_in_database', 'constraint'"),
    ],
)
async def test_drift_names_what_the_migrations_forgot(
    package: TinyPackage, dsn: dict[str, Any], changes: dict[str, Callable[[], SchemaItem]], difference: str
) -> None:
    await migrated_for_drift(package, dsn)
    assert difference in str(await drift(dsn, tables_of_code(**changes)))


async def test_databases_of_one_package_are_clones_that_do_not_share_rows(
    package: TinyPackage, database_factory: DatabaseFactory
) -> None:
    package.add("0001", TICKETS)
    first, second = [await asyncpg.connect(**await database_factory(package.name)) for _ in range(2)]
    await first.execute("INSERT INTO ticket VALUES (1)")
    assert await second.fetchval("SELECT count(*) FROM ticket") == 0
    await first.close()
    await second.close()
