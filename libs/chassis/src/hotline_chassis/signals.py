"""A wake-up that is never lost between looking and waiting."""

import asyncio


class Signal:
    """Raised by whoever made work, awaited by whoever does it; several raises are one."""

    def __init__(self) -> None:
        self._raised = asyncio.Event()

    def raise_(self) -> None:
        self._raised.set()

    @property
    def raised(self) -> bool:
        return self._raised.is_set()

    def clear(self) -> None:
        self._raised.clear()

    async def wait(self, timeout: float | None) -> bool:
        """Wait up to ``timeout`` seconds (None: without end); True if raised. Clears it."""
        try:
            async with asyncio.timeout(timeout):
                await self._raised.wait()
        except TimeoutError:
            return False
        self._raised.clear()
        return True
