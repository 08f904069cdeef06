"""A whole system in a process of its own, to be killed."""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

HOTLINE = Path(sys.executable).with_name("hotline")
START_SECONDS = 60.0


class Died(Exception):
    """The system ended before it was ready."""


@dataclass
class RunningSystem:
    """``hotline up`` on one data directory, started and ended as often as a test likes."""

    data_dir: Path
    clock: str | None = None
    base_url: str = ""
    process: asyncio.subprocess.Process | None = None
    output: list[str] = field(default_factory=list)

    async def start(self, *, crash_at: str | None = None) -> None:
        """Return when it has printed READY.

        Raises:
            Died: it ended before.
        """
        arguments = ["up", "--data-dir", str(self.data_dir), "--port", "0", "--no-demo"]
        if self.clock is not None:
            arguments += ["--clock", self.clock]
        environment = dict(os.environ)  # noqa: TID251 - what the command inherits
        environment.pop("HOTLINE_CRASH_AT", None)
        if crash_at is not None:
            environment["HOTLINE_CRASH_AT"] = crash_at
        self.process = await asyncio.create_subprocess_exec(
            str(HOTLINE),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
        )
        assert self.process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            async for line in self.process.stdout:
                self.output.append(line.decode())
                if line.startswith(b"READY "):
                    self.base_url = line.split()[1].decode()
                    return
        raise Died("".join(self.output[-20:]))

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def kill(self) -> None:
        """As ``kill -9``: no goodbye."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(30):
            rest = await self.process.communicate()
        self.output.append((rest[0] or b"").decode())

    async def audit(self) -> dict[str, Any]:
        """The audit's report; the system may run or not."""
        out = self.data_dir / "audit.json"
        process = await asyncio.create_subprocess_exec(
            str(HOTLINE), "audit", "--data-dir", str(self.data_dir), "--json", str(out),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode in {0, 1}, said.decode()
        report: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        assert report["clean"] == (process.returncode == 0)
        return report

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base_url, timeout=20)


async def token(client: httpx.AsyncClient, *roles: str, **claims: str) -> dict[str, str]:
    """Authorization headers of a caller with these roles."""
    answer = await client.post("/dev/token", json={"roles": list(roles), **claims})
    answer.raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['token']}"}
