"""A process that is killed at the worst instants loses nothing it has promised, and doubles nothing."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hotline_chassis.crashpoints import NAMES

from .running_system import Died, RunningSystem, token

UNIT = "520402"
CLOCK = "2026-02-13T08:00:00+08:00"
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[RunningSystem]:
    found = RunningSystem(tmp_path / "data folder", clock=CLOCK)
    yield found
    if found.alive:
        await found.kill()
    await found.start()
    await found.stop()


class Load:
    """Citizens and units that go on through deaths: every write is repeated with its key until answered."""

    def __init__(self, system: RunningSystem) -> None:
        self.system = system
        self.promised: dict[str, str] = {}
        self.signed: set[str] = set()

    async def prepare(self) -> None:
        async with self.system.client() as client:
            unit = {"code": UNIT, "name": "西秀区", "group": "county"}
            answer = await client.put(
                f"/api/v1/units/{UNIT}", json=unit, headers=await token(client, "admin")
            )
            assert answer.status_code in {200, 201}, answer.text
            self.agent = await token(client, "agent")
            self.dispatcher = await token(client, "dispatcher")
            self.handler = await token(client, "unit_handler", unit=UNIT)

    async def life(self, number: int) -> None:
        """One request, dispatched, and signed if it is even; a promise is kept only from a 2xx."""
        request = {
            "channel": "phone",
            "type": "complaint" if number % 3 else "consultation",
            "subject": f"路灯不亮 {number}",
            "description": "小区门口的路灯已经三天不亮。",
            "requester": {"name": "王某", "phone": f"1380000{number:04d}"},
        }
        answer = await self._write("/api/v1/requests", request, self.agent)
        self.promised[answer["ticket_id"]] = answer["ticket_no"]
        ticket = f"/api/v1/tickets/{answer['ticket_id']}"
        await self._write(f"{ticket}/dispatch", {"lead": UNIT}, self.dispatcher)
        if number % 2 == 0:
            await self._write(f"{ticket}/sign", None, self.handler)
            self.signed.add(answer["ticket_id"])

    async def _write(self, path: str, body: Any, headers: dict[str, str]) -> Any:
        key = str(uuid4())
        while True:
            try:
                async with self.system.client() as client:
                    answer = await client.post(path, json=body, headers={**headers, "Idempotency-Key": key})
            except httpx.TransportError:
                await self._until_back()
                continue
            if answer.status_code >= 500:
                await self._until_back()
                continue
            assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
            return answer.json()

    async def _until_back(self) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(httpx.TransportError, httpx.InvalidURL):
                    async with self.system.client() as client:
                        if (await client.get("/readyz")).is_success:
                            return
                await asyncio.sleep(0.05)


async def settled_and_checked(system: RunningSystem, load: Load) -> None:
    """Everything promised is there, time runs far past the deadlines, and the audit is clean."""
    async with system.client() as client:
        auditor = await token(client, "auditor")
        assert (await client.post("/dev/settle")).is_success
        moved = await client.put("/dev/clock", json={"now": "2026-03-20T12:00:00+08:00"})
        assert moved.is_success, moved.text
        for ticket_id, ticket_no in load.promised.items():
            found = await client.get(f"/api/v1/tickets/{ticket_id}", headers=auditor)
            assert found.is_success, found.text
            assert found.json()["ticket_no"] == ticket_no
            assert found.json()["state"] == ("handling" if ticket_id in load.signed else "sign_pending")
            clocks = await client.get(f"/api/v1/tickets/{ticket_id}/clocks", headers=auditor)
            cards = {clock["duty"]: clock["card"] for clock in clocks.json()["items"]}
            assert cards["handle"] == "red"
            assert cards["sign"] == ("green" if ticket_id in load.signed else "red")
    running = await system.audit()
    assert running["clean"], running["violations"][:5]
    await system.stop()
    stopped = await system.audit()
    assert stopped["clean"], stopped["violations"][:5]


@pytest.mark.parametrize("point", sorted(NAMES))
async def test_a_kill_at_a_named_point_breaks_no_promise(system: RunningSystem, point: str) -> None:
    await system.start()
    load = Load(system)
    await load.prepare()
    await system.stop()
    nth = 1 if point.startswith(("timer", "clock")) else 4
    await system.start(crash_at=f"{point}:{nth}")

    async def provoke() -> None:
        """Work until the point is reached; time must move for the timer's and the clock's."""
        await asyncio.gather(*(load.life(number) for number in range(8)))
        async with system.client() as client:
            await client.put("/dev/clock", json={"now": "2026-02-25T12:00:00+08:00"})

    provoking = asyncio.create_task(_quietly(provoke()))
    assert system.process is not None
    async with asyncio.timeout(60):
        await system.process.wait()
    assert system.process.returncode == -9
    await system.start()
    await provoking
    await settled_and_checked(system, load)


async def test_kills_at_random_under_load_break_no_promise(system: RunningSystem) -> None:
    chance = random.Random(12345)
    await system.start()
    load = Load(system)
    await load.prepare()
    lives = [asyncio.create_task(_lives(load, range(worker, 60, 4))) for worker in range(4)]
    for _ in range(4):
        await asyncio.sleep(chance.uniform(0.1, 0.8))
        await system.kill()
        await _start_again(system)
    await asyncio.gather(*lives)
    assert len(load.promised) == 60
    await settled_and_checked(system, load)


async def _lives(load: Load, numbers: range) -> None:
    for number in numbers:
        await load.life(number)


async def _quietly(work: Any) -> None:
    with contextlib.suppress(httpx.TransportError):
        await work


async def _start_again(system: RunningSystem) -> None:
    try:
        await system.start()
    except Died:
        await system.start()
