"""Start, adopt, stop and reach the embedded server."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg

from . import cluster
from .account import ServerAccount, choose_account, create_data_dir
from .lock import DirectoryLock
from .postmaster import (
    Postmaster,
    disown_recycled_pid,
    eventually,
    read_postmaster,
    settled_postmaster,
    stop_postmaster,
)

START_PATIENCE_SECONDS = 300.0  # replaying a gigabyte of WAL after a crash
STOP_PATIENCE_SECONDS = 120.0
LOG_TAIL_BYTES = 2000
START_ATTEMPTS = 60
RETRY_SECONDS = 0.5
PASSING_REFUSALS = (
    # Sessions of a killed server end within a second or so of their killed clients.
    "pre-existing shared memory block",
    # A server whose launcher was killed a moment ago wrote its pid file only now: it will be adopted.
    'lock file "postmaster.pid" already exists',
)


# No socket, or a server that was killed between its socket's accept and its answer.
CUT_OFF = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresDidNotStart(Exception):
    """The server ended, or did not become ready, while starting; the message ends with its log."""


class PostgresDidNotStop(Exception):
    """The server still runs after a fast shutdown and two minutes."""


class EmbeddedPostgres:
    """One PostgreSQL server that belongs to one data directory and one process at a time.

    The server is no child in spirit: it survives a kill of this process, and the next `start` on the same
    data directory adopts it. It listens on a Unix socket in a short temporary folder only.

    Args:
        data_dir: made if missing; holds `pgdata/`, `password` (0600), `postgres.log` and `lock`.
        bindir: the folder of `postgres` and `initdb`, 15 or newer; default: the wheel's 18.
        extra_settings: on top of `cluster.SETTINGS`; not applied to a server that is adopted.
    """

    def __init__(
        self, data_dir: Path, *, bindir: Path | None = None, extra_settings: Mapping[str, str] | None = None
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._pgdata = self._data_dir / "pgdata"
        self._log = self._data_dir / "postgres.log"
        self._bindir = bindir or cluster.wheel_bindir()
        self._settings = {**cluster.SETTINGS, **(extra_settings or {})}
        self._lock = DirectoryLock(self._data_dir / "lock")
        self._child: subprocess.Popen[bytes] | None = None
        self._running: Postmaster | None = None
        self._password = ""

    async def start(self) -> None:
        """Return when the server accepts connections; the first time this creates the cluster.

        Raises:
            DataDirectoryInUse: another process (its pid is in the message) holds the data directory.
            InitdbFailed: the cluster could not be created.
            PostgresDidNotStart: with the end of the server's log.
        """
        await asyncio.to_thread(create_data_dir, self._data_dir)
        self._lock.acquire()
        try:
            await self._run()
        except BaseException:
            self._running = None
            self._lock.release()
            raise

    async def stop(self) -> None:
        """End all sessions, shut down and wait for it; without effect when not started.

        Raises:
            PostgresDidNotStop: after two minutes; the data directory stays locked.
        """
        if self._running is None:
            return
        await asyncio.to_thread(self._stop, self._running)
        self._running = None
        self._lock.release()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._postmaster().pid

    def dsn(self, database: str) -> dict[str, Any]:
        """Keyword arguments for `asyncpg.connect` and `create_pool`."""
        return cluster.connection_arguments(self._postmaster().socket_dir, self._password, database)

    async def ensure_database(self, name: str) -> None:
        """Create the database, UTF-8 and sorted by code point, unless it exists."""
        connection = await asyncpg.connect(**self.dsn("postgres"))
        try:
            if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                return
            builtin = connection.get_server_version().major >= cluster.FIRST_WITH_BUILTIN_LOCALE
            locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'" if builtin else "LOCALE 'C.UTF-8'"
            quoted = '"' + name.replace('"', '""') + '"'
            await connection.execute(f"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8' {locale}")
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass  # somebody else ensured it at the same moment
        finally:
            await connection.close()

    def _postmaster(self) -> Postmaster:
        if self._running is None:
            raise PostgresDidNotStart(f"start() was not called for {self._data_dir}")
        return self._running

    async def _run(self) -> None:
        account = await asyncio.to_thread(self._prepare)
        for remaining in reversed(range(START_ATTEMPTS)):
            if await self._adopt():
                return
            try:
                await asyncio.to_thread(self._spawn, account)
            except PostgresDidNotStart as refusal:
                if remaining == 0 or not any(reason in str(refusal) for reason in PASSING_REFUSALS):
                    raise
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)

    def _prepare(self) -> ServerAccount:
        account = choose_account(self._data_dir)
        account.own(self._lock.file)
        sync = self._settings.get("fsync") != "off"
        self._password = cluster.ensure_cluster(self._data_dir, self._bindir, account, sync=sync)
        return account

    async def _adopt(self) -> bool:
        orphan = await asyncio.to_thread(settled_postmaster, self._pgdata, START_PATIENCE_SECONDS)
        if orphan is None:
            return False
        self._running = orphan
        if await self._answers():
            return True
        # Its socket is gone (somebody tidied the temporary folder): nobody can reach it any more.
        await asyncio.to_thread(self._stop, orphan)
        self._running = None
        return False

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(**self.dsn("postgres"))
            await connection.close()
        except CUT_OFF:
            return False
        return True

    def _spawn(self, account: ServerAccount) -> None:
        disown_recycled_pid(self._pgdata)
        stale = read_postmaster(self._pgdata)
        if stale is not None:
            cluster.remove_socket_dir(stale.socket_dir)
        cluster.prepare_log(self._log, account)
        log_start = self._log.stat().st_size
        socket_dir = cluster.create_socket_dir(account)
        child = self._launch(account, socket_dir)

        def settled() -> bool:
            found = read_postmaster(self._pgdata)
            ready = found is not None and found.pid == child.pid and found.status == "ready"
            return ready or child.poll() is not None

        in_time = eventually(settled, START_PATIENCE_SECONDS)
        if not in_time or child.poll() is not None:
            child.kill()
            child.wait()
            cluster.remove_socket_dir(socket_dir)
            raise PostgresDidNotStart(f"{self._data_dir}: {self._log_since(log_start)}")
        self._child = child
        self._running = Postmaster(child.pid, socket_dir, "ready")

    def _launch(self, account: ServerAccount, socket_dir: Path) -> subprocess.Popen[bytes]:
        settings = {**self._settings, "unix_socket_directories": str(socket_dir)}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [*account.prefix, str(self._bindir / "postgres"), "-D", str(self._pgdata), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl+C at the terminal is for us: we stop it after our own work
            )  # fmt: skip

    def _log_since(self, start: int) -> str:
        with self._log.open("rb") as log:
            log.seek(max(start, self._log.stat().st_size - LOG_TAIL_BYTES))
            return log.read().decode("utf-8", "replace").strip()

    def _stop(self, postmaster: Postmaster) -> None:
        gone = stop_postmaster(postmaster, self._pgdata, STOP_PATIENCE_SECONDS)
        if not gone:
            raise PostgresDidNotStop(f"{self._data_dir}: pid {postmaster.pid}")
        if self._child is not None:
            self._child.wait()
            self._child = None
        cluster.remove_socket_dir(postmaster.socket_dir)
