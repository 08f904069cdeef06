import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from hotline_chassis.embedded_postgres import (
    DataDirectoryInUse,
    EmbeddedPostgres,
    PasswordMissing,
    PostgresDidNotStart,
)
from hotline_chassis.embedded_postgres.postmaster import read_postmaster, stop_postmaster
from hotline_chassis.testing.postgres import DatabaseFactory

UNFLUSHED = {"fsync": "off", "shared_buffers": "16MB"}
HOLDER = """
import asyncio, sys
from pathlib import Path
from hotline_chassis.embedded_postgres import EmbeddedPostgres

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), extra_settings={"fsync": "off"})
    await server.start()
    await server.ensure_database("kept")
    print(server.pid, flush=True)
    sys.stdin.read()
    await server.stop()

asyncio.run(main())
"""
WORKER = """
import ast, asyncio, asyncpg, sys

async def main():
    dsn = ast.literal_eval(sys.argv[1])
    connection, observer = await asyncpg.connect(**dsn), await asyncpg.connect(**dsn)
    work = asyncio.create_task(connection.execute("DO $$ BEGIN LOOP NULL; END LOOP; END $$"))
    while not work.done() and not await observer.fetchval("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'"):
        pass
    print("at work", flush=True)
    await work

asyncio.run(main())
"""
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "data with spaces" / "postgres"
    yield folder
    orphan = read_postmaster(folder / "pgdata")
    if orphan is not None:  # a failed test leaves no server behind
        stop_postmaster(orphan, folder / "pgdata", patience_seconds=10)


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir, extra_settings=UNFLUSHED)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextmanager
def holder(data_dir: Path, user: int | None = None) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Another process that runs the server; killed at the end if it still lives."""
    command = [*_become(user), sys.executable, "-c", HOLDER, str(data_dir)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def _become(user: int | None) -> tuple[str, ...]:
    if user is None:
        return ()
    # The interpreter may lie under /root; the right to read there changes nothing of what the server demands.
    enter = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *enter, "--")


@contextmanager
def client_at_work(data_dir: Path) -> Iterator[None]:
    """A client whose one statement computes for minutes, killed at the end."""
    dsn = {
        "host": str(socket_dir_on_disk(data_dir)),
        "user": "hotline",
        "password": (data_dir / "password").read_text(),
        "database": "kept",
    }
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, repr(dsn)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at work\n"
        yield
        process.kill()


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in (folder, *folder.rglob("*"))}


def owner_of_process(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def stale_pid_file(data_dir: Path, pid: int) -> None:
    file = data_dir / "pgdata" / "postmaster.pid"
    file.write_text(f"{pid}\n{file.parent}\n1\n5432\n/tmp/gone\n\n  1234567        16\nready   \n")


@contextmanager
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        assert process.poll() is None
        process.kill()


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A folder every user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


async def ask(server: EmbeddedPostgres, query: str, database: str = "postgres") -> object:
    connection = await asyncpg.connect(**server.dsn(database))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def socket_dir(server: EmbeddedPostgres) -> Path:
    return Path(str(server.dsn("postgres")["host"]))


def socket_dir_on_disk(data_dir: Path) -> Path:
    return Path((data_dir / "pgdata" / "postmaster.pid").read_text().splitlines()[4])


async def test_a_new_data_directory_becomes_a_durable_server_without_a_port(data_dir: Path) -> None:
    data_dir.parent.mkdir(mode=0o750)
    server = EmbeddedPostgres(data_dir)
    await server.start()
    try:
        assert await ask(server, "SHOW fsync") == "on"
        assert await ask(server, "SHOW synchronous_commit") == "on"
        assert await ask(server, "SHOW listen_addresses") == ""
        assert await ask(server, "SHOW timezone") == "UTC"
    finally:
        await server.stop()
    assert stat.S_IMODE((data_dir / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.parent.stat().st_mode) == 0o750


async def test_data_is_there_again_after_a_stop_and_the_socket_folder_is_not(data_dir: Path) -> None:
    async with running(data_dir) as server:
        await server.ensure_database("kept")
        first_socket_dir = socket_dir(server)
    assert not first_socket_dir.exists()
    async with running(data_dir) as server:
        assert await ask(server, "SELECT 1", "kept") == 1


async def test_a_wrong_password_is_refused(postgres_server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(**{**postgres_server.dsn("postgres"), "password": "guess"})


async def test_a_second_process_is_refused_and_told_who_runs(data_dir: Path) -> None:
    with holder(data_dir) as (process, _):
        with pytest.raises(DataDirectoryInUse, match=f"process {process.pid}$"):
            await EmbeddedPostgres(data_dir).start()
        process.communicate()
    async with running(data_dir):
        pass


async def test_the_orphan_of_a_killed_process_is_adopted_and_stops_with_its_new_owner(data_dir: Path) -> None:
    with holder(data_dir) as (process, postmaster):
        process.kill()
        process.wait()
    async with running(data_dir) as server:
        assert server.pid == postmaster
        assert await ask(server, "SELECT 1", "kept") == 1
        its_socket_dir = socket_dir(server)
    assert not (data_dir / "pgdata" / "postmaster.pid").exists()
    assert not its_socket_dir.exists()


async def test_an_orphan_whose_socket_was_tidied_away_is_replaced(data_dir: Path) -> None:
    with holder(data_dir) as (process, postmaster):
        process.kill()
        process.wait()
    shutil.rmtree(socket_dir_on_disk(data_dir))
    async with running(data_dir) as server:
        assert server.pid != postmaster
        assert await ask(server, "SELECT 1", "kept") == 1


async def test_a_killed_server_recovers_at_the_next_start(data_dir: Path) -> None:
    with holder(data_dir) as (process, postmaster):
        its_socket_dir = socket_dir_on_disk(data_dir)
        process.kill()
        process.wait()
        os.kill(postmaster, signal.SIGKILL)
    async with running(data_dir) as server:
        assert server.pid != postmaster
        assert await ask(server, "SELECT 1", "kept") == 1
    assert not its_socket_dir.exists()


async def test_a_session_still_at_work_when_everything_was_killed_only_delays_the_next_start(
    data_dir: Path,
) -> None:
    with holder(data_dir) as (process, postmaster):
        with client_at_work(data_dir):
            process.kill()
            process.wait()
            os.kill(postmaster, signal.SIGKILL)
        async with running(data_dir) as server:
            assert server.pid != postmaster
            assert await ask(server, "SELECT 1", "kept") == 1


async def test_a_stale_pid_that_is_another_process_now_does_not_prevent_the_start(data_dir: Path) -> None:
    async with running(data_dir):
        pass
    with stranger() as somebody:
        stale_pid_file(data_dir, somebody.pid)
        async with running(data_dir) as server:
            assert server.pid != somebody.pid


async def test_ctrl_c_at_the_terminal_is_not_meant_for_the_server(postgres_server: EmbeddedPostgres) -> None:
    assert os.getpgid(postgres_server.pid) != os.getpgid(0)


async def test_stop_does_not_wait_for_clients(data_dir: Path) -> None:
    async with running(data_dir) as server:
        client = await asyncpg.connect(**server.dsn("postgres"))
        await client.execute("BEGIN; CREATE TABLE unfinished ()")
        async with asyncio.timeout(10):
            await server.stop()
    client.terminate()


async def test_the_socket_path_stays_short_however_long_the_temporary_folder_is(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    async with running(data_dir / ("y" * 120)) as server:
        assert len(os.fsencode(socket_dir(server) / ".s.PGSQL.5432")) <= 107


async def test_a_creation_that_was_killed_halfway_is_begun_anew(data_dir: Path) -> None:
    half = data_dir / "initdb-killed" / "pgdata"
    half.mkdir(parents=True)
    async with running(data_dir):
        assert not half.parent.exists()


async def test_a_server_that_cannot_start_says_why_and_leaves_the_directory_free(data_dir: Path) -> None:
    with pytest.raises(PostgresDidNotStart, match="shared_buffers"):
        await EmbeddedPostgres(data_dir, extra_settings={"shared_buffers": "plenty"}).start()
    async with running(data_dir):
        pass


async def test_data_without_its_password_is_refused_by_name(data_dir: Path) -> None:
    async with running(data_dir):
        pass
    (data_dir / "password").unlink()
    with pytest.raises(PasswordMissing):
        await EmbeddedPostgres(data_dir).start()


async def test_a_database_is_ensured_once_by_many(postgres_of_each_version: EmbeddedPostgres) -> None:
    await asyncio.gather(*(postgres_of_each_version.ensure_database('odd "name"') for _ in range(4)))
    assert await ask(postgres_of_each_version, "SELECT current_database()", 'odd "name"') == 'odd "name"'


async def test_chinese_text_is_sorted_by_code_point_and_seen_by_trigram_search(
    database_factory_of_each_version: DatabaseFactory,
) -> None:
    connection = await asyncpg.connect(**await database_factory_of_each_version(None))
    try:
        await connection.execute("CREATE EXTENSION pg_trgm")
        assert len(await connection.fetchval("SELECT show_trgm('人民路噪音')")) == 6
        ordered = await connection.fetch(
            "SELECT word FROM unnest($1::text[]) word ORDER BY word", ["一", "b", "B", "é"]
        )
        assert [row["word"] for row in ordered] == ["B", "b", "é", "一"]
    finally:
        await connection.close()


@only_root
async def test_an_ordinary_user_runs_a_server_of_its_own(public_dir: Path) -> None:
    daemon = pwd.getpwnam("daemon").pw_uid
    with holder(public_dir / "data", user=daemon) as (process, _):
        process.communicate()
        assert process.returncode == 0
    assert owners(public_dir / "data") == {daemon}


@only_root
async def test_a_user_without_a_name_runs_a_server_of_its_own(public_dir: Path) -> None:
    with holder(public_dir / "data", user=54321) as (process, _):
        process.communicate()
        assert process.returncode == 0
    assert owners(public_dir / "data") == {54321}


@only_root
async def test_what_root_made_in_a_users_folder_stays_usable_by_that_user(public_dir: Path) -> None:
    daemon = pwd.getpwnam("daemon").pw_uid
    home = public_dir / "home"
    home.mkdir(mode=0o700)
    os.chown(home, daemon, daemon)
    async with running(home / "hotline" / "data") as server:
        assert owner_of_process(server.pid) == daemon
    assert owners(home) == {daemon}
    with holder(home / "hotline" / "data", user=daemon) as (process, _):
        process.communicate()
        assert process.returncode == 0


@only_root
async def test_root_without_user_namespaces_runs_the_server_as_nobody_even_below_a_closed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    forbidden = tmp_path / "bin" / "unshare"
    forbidden.parent.mkdir()
    forbidden.write_text("#!/bin/sh\nexit 1\n")
    forbidden.chmod(0o755)
    monkeypatch.setenv("PATH", str(forbidden.parent), prepend=os.pathsep)
    async with running(closed / "data") as server:
        assert owner_of_process(server.pid) == pwd.getpwnam("nobody").pw_uid
    async with running(closed / "data"):
        pass
