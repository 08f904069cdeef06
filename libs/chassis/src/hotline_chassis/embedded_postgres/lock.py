"""One process at a time per data directory."""

import fcntl
import os
from pathlib import Path
from typing import IO


class DataDirectoryInUse(Exception):
    """Another process already runs on this data directory."""


class DirectoryLock:
    """A lock the kernel drops with its process, however that ends; the file says who holds it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._held: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock or raise at once.

        Raises:
            DataDirectoryInUse: the message holds the other process's pid.
        """
        held = os.fdopen(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = held.read().strip() or "unknown"
            held.close()
            raise DataDirectoryInUse(f"{self.file.parent} is in use by process {holder}") from None
        held.truncate()
        held.write(str(os.getpid()))
        held.flush()
        self._held = held

    def release(self) -> None:
        """Drop the lock; without effect when it is not held."""
        if self._held is not None:
            self._held.close()
            self._held = None
