"""Named instants at which a fault test kills the process, as ``kill -9`` would.

Nothing is armed unless a main module says so (setting ``crash_at``, refused outside dev mode).
"""

import os
import signal

NAMES = frozenset(
    {
        "transaction.before-commit",
        "transaction.after-commit",
        "relay.after-append",
        "relay.after-delete",
        "consumer.before-commit",
        "consumer.after-commit",
        "timer.before-commit",
        "timer.after-commit",
        "clock.after-set",
    }
)

_armed: dict[str, int] = {}


def arm(name: str, nth: int = 1) -> None:
    """Die when ``name`` is reached for the ``nth`` time.

    Raises:
        ValueError: no such crash point.
    """
    if name not in NAMES:
        raise ValueError(f"unknown crash point {name!r}")
    _armed[name] = nth


def reach(name: str) -> None:
    """Mark that the process has come to ``name``."""
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
