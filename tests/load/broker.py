"""A real broker for one run of the benchmarks, in a folder of its own: the one of ``make kafka`` stays untouched."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hotline_chassis.testing.kafka import UNAVAILABLE, run_script


class NoBroker(Exception):
    """Java or Maven is missing here; what the script said of it."""


@dataclass(frozen=True)
class Broker:
    """A broker that was started by ``deploy/kafka/kafka.sh`` and may be killed.

    Attributes:
        address: ``host:port``, the same after a restart.
    """

    folder: Path
    address: str

    def kill(self) -> None:
        """As ``kill -9``: no goodbye to clients, nothing flushed."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)

    async def start_again(self) -> None:
        """Over the data of before; returns once it serves."""
        await asyncio.to_thread(_script, "start", self.folder)


@asynccontextmanager
async def local_broker(folder: Path) -> AsyncIterator[Broker]:
    """A broker for as long as the block runs.

    Raises:
        NoBroker: there can be none here.
    """
    try:
        yield Broker(folder, await asyncio.to_thread(_script, "start", folder))
    finally:
        await asyncio.to_thread(_script, "stop", folder)


def _script(action: str, folder: Path) -> str:
    done = run_script(action, folder)
    if done.returncode == UNAVAILABLE:
        raise NoBroker(done.stderr.strip())
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()
