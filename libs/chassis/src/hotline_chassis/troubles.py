"""A loop that tries again several times a second tells of an outage now and then, not every time."""

import asyncio

EVERY_SECONDS = 10.0


class Troubles:
    """Says when a line about a trouble is due: at once, and then every ten seconds while it lasts.

    Each name counts by itself; an outage that begins anew within ten seconds is the same one.
    """

    def __init__(self) -> None:
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def due(self, name: str) -> int | None:
        """How often the trouble came since its last line, which was not told; None while no line is due."""
        now = asyncio.get_running_loop().time()
        told_at = self._told_at.get(name)
        if told_at is not None and now - told_at < EVERY_SECONDS:
            self._untold[name] = self._untold.get(name, 0) + 1
            return None
        self._told_at[name] = now
        return self._untold.pop(name, 0)
