"""PostgreSQL as a part of the application: no installation, no port, no account (decision 0003)."""

from .attachment import running_dsn
from .cluster import InitdbFailed, PasswordMissing
from .lock import DataDirectoryInUse
from .server import EmbeddedPostgres, PostgresDidNotStart, PostgresDidNotStop

__all__ = [
    "DataDirectoryInUse",
    "EmbeddedPostgres",
    "InitdbFailed",
    "PasswordMissing",
    "PostgresDidNotStart",
    "PostgresDidNotStop",
    "running_dsn",
]
