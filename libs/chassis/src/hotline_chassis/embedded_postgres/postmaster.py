"""The running server as its `postmaster.pid` tells it."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.01
NO_PROCESS = 2**31 - 1  # above every pid_max


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int
    socket_dir: Path
    status: str  # starting | ready | standby | stopping; empty while the file is being written


def read_postmaster(pgdata: Path) -> Postmaster | None:
    """Read `postmaster.pid`, which may be stale; None when there is none or it is still being written."""
    try:
        lines = (pgdata / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return None
    try:
        return Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "")  # noqa: PLR2004
    except (IndexError, ValueError):
        return None


def lives(postmaster: Postmaster, pgdata: Path) -> bool:
    """Tell whether this process is a postmaster of this very folder: after a reboot its pid may be anybody's."""
    try:
        return Path(f"/proc/{postmaster.pid}/cwd").samefile(pgdata)
    except FileNotFoundError:
        return not Path("/proc/self").exists() and _exists(postmaster.pid)
    except PermissionError:  # another user's process, or one that ends just now
        return _command(postmaster.pid) == "postgres"


def settled_postmaster(pgdata: Path, patience_seconds: float) -> Postmaster | None:
    """Wait until a live postmaster is ready or gone.

    Raises:
        TimeoutError: it is neither after `patience_seconds`.
    """

    def settled() -> bool:
        found = read_postmaster(pgdata)
        return found is None or found.status == "ready" or not lives(found, pgdata)

    if not eventually(settled, patience_seconds):
        raise TimeoutError(f"the postmaster of {pgdata} is neither ready nor gone")
    found = read_postmaster(pgdata)
    return found if found is not None and lives(found, pgdata) else None


def stop_postmaster(postmaster: Postmaster, pgdata: Path, patience_seconds: float) -> bool:
    """Shut down fast: sessions are ended, nothing committed is lost. True when it is gone in time."""
    if lives(postmaster, pgdata):
        with contextlib.suppress(ProcessLookupError):  # gone in this very moment
            os.kill(postmaster.pid, signal.SIGINT)
    return eventually(lambda: not lives(postmaster, pgdata), patience_seconds)


def disown_recycled_pid(pgdata: Path) -> None:
    """Let the server start although the pid of its stale `postmaster.pid` is somebody else's process now.

    PostgreSQL asks only whether the pid is alive, and in a restarted container it soon is. The file stays: its
    last line still guards against backends that outlived their postmaster.
    """
    found = read_postmaster(pgdata)
    if found is None or not _exists(found.pid) or lives(found, pgdata):
        return
    file = pgdata / "postmaster.pid"
    _, rest = file.read_text("utf-8").split("\n", 1)
    file.write_text(f"{NO_PROCESS}\n{rest}", "utf-8")


def eventually(condition: Callable[[], bool], patience_seconds: float) -> bool:
    """Poll, for PostgreSQL offers nothing to wait on but files and processes."""
    for _ in range(int(patience_seconds / POLL_SECONDS)):
        if condition():
            return True
        time.sleep(POLL_SECONDS)
    return condition()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
