"""The newest watermark of each topic."""

import asyncpg

from hotline_chassis.bus.embedded.schema import outages
from hotline_chassis.bus.port import Watermark

_PUBLISH = """
INSERT INTO watermarks (topic_id, complete_before, next_offsets)
SELECT id, $2, $3 FROM topics WHERE name = $1
ON CONFLICT (topic_id) DO UPDATE SET complete_before = $2, next_offsets = $3
WHERE watermarks.complete_before < $2
"""

_LOAD = """
SELECT t.name, w.complete_before, w.next_offsets FROM watermarks w JOIN topics t ON t.id = w.topic_id
"""


class Watermarks:
    """Published watermarks; whoever has the bus alone answers from memory."""

    def __init__(self, pool: asyncpg.Pool, *, alone: bool) -> None:
        self._pool = pool
        self._alone = alone
        self._newest: dict[str, Watermark] = {}

    async def publish(self, watermark: Watermark) -> None:
        if self._alone and not self._is_newer(watermark):
            return
        with outages():
            await self._pool.execute(
                _PUBLISH, watermark.topic, watermark.complete_before, list(watermark.next_offsets)
            )
        # Asked again: a newer one may have been published while the database answered.
        if self._is_newer(watermark):
            self._newest[watermark.topic] = watermark

    def _is_newer(self, watermark: Watermark) -> bool:
        known = self._newest.get(watermark.topic)
        return known is None or watermark.complete_before > known.complete_before

    async def newest(self, topic: str) -> Watermark | None:
        if not self._alone:
            await self.load()
        return self._newest.get(topic)

    async def load(self) -> None:
        with outages():
            rows = await self._pool.fetch(_LOAD)
        self._newest = {
            row["name"]: Watermark(row["name"], row["complete_before"], tuple(row["next_offsets"]))
            for row in rows
        }

    def forget(self, topic: str) -> None:
        self._newest.pop(topic, None)

    async def forget_all(self) -> None:
        """Forget what was published as complete; only for a virtual clock that is set back."""
        with outages():
            await self._pool.execute("DELETE FROM watermarks")
        self._newest.clear()
