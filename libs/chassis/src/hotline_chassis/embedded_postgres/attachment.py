"""Reach a server that another process started."""

from pathlib import Path
from typing import Any

from . import cluster
from .postmaster import settled_postmaster
from .server import PostgresDidNotStart

PATIENCE_SECONDS = 30.0


def running_dsn(data_dir: Path, database: str) -> dict[str, Any]:
    """Return keyword arguments for `asyncpg.connect` to the server that runs on `data_dir`; takes no lock.

    Raises:
        PostgresDidNotStart: none runs there.
        PasswordMissing: its password file is gone.
    """
    found = settled_postmaster(data_dir.absolute() / "pgdata", PATIENCE_SECONDS)
    if found is None:
        raise PostgresDidNotStart(f"no server runs on {data_dir}")
    file = data_dir / "password"
    if not file.exists():
        raise cluster.PasswordMissing(str(file))
    return cluster.connection_arguments(found.socket_dir, file.read_text("ascii"), database)
