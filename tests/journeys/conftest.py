"""A whole system in this process, at a virtual morning, with callers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hotline_local.buses import BusChoice
from hotline_local.clock_driver import ClockDriver
from hotline_local.inprocess import Answer, GatewayClient
from hotline_local.machine import Machine, running_machine
from hotline_local.web import gateway_of

UNIT = "520402"
SECOND_UNIT = "520403"
MORNING = datetime.fromisoformat("2026-02-13T08:00:00+08:00")


@dataclass
class City:
    """The system and everybody who calls it; acts are made at the virtual clock's instant."""

    machine: Machine
    client: GatewayClient
    driver: ClockDriver

    @classmethod
    async def found(cls, machine: Machine) -> "City":
        return cls(machine, GatewayClient(gateway_of(machine, access_log=False)), ClockDriver(machine))

    def token(
        self, *roles: str, unit: str | None = None, channel: str | None = None, sub: str | None = None
    ) -> str:
        return self.machine.issuer.issue(list(roles), unit=unit, channel=channel, sub=sub)

    async def put_units(self) -> None:
        for code, name in ((UNIT, "西秀区"), (SECOND_UNIT, "平坝区")):
            await self.client.put(
                f"/api/v1/units/{code}",
                {"code": code, "name": name, "group": "county"},
                token=self.token("admin"),
            )

    async def request(self, **changes: Any) -> Any:
        """A new request's answer."""
        body = {
            "channel": "phone",
            "type": "help",
            "subject": "路灯不亮",
            "description": "小区门口的路灯已经三天不亮。",
            "requester": {"name": "王某某", "phone": "13800001234"},
            **changes,
        }
        return await self.client.post("/api/v1/requests", body, token=self.token("agent"))

    async def act(self, ticket: str, action: str, body: Any = None) -> Answer:
        """An action by somebody who may do it; the answer, whatever it is."""
        return await self.client.call(
            "POST", f"/api/v1/tickets/{ticket}/{action}", token=self.actor_of(action), body=body
        )

    def actor_of(self, action: str) -> str:
        if action in {"sign", "interim-feedback", "reply"}:
            return self.token("unit_handler", unit=UNIT)
        if action.startswith("reply/") or action == "close":
            return self.token("reviewer")
        return self.token("dispatcher")

    async def clocks(self, ticket: str) -> dict[str, Any]:
        """The ticket's clocks by duty, once everything has settled."""
        await self.machine.drain()
        found = await self.client.get(f"/api/v1/tickets/{ticket}/clocks", token=self.token("auditor"))
        return {clock["duty"]: clock for clock in found["items"]}

    async def at(self, text: str) -> None:
        await self.driver.move_to(datetime.fromisoformat(text))


@pytest.fixture
async def city(bus_choice: BusChoice, tmp_path: Path) -> AsyncIterator[City]:
    async with running_machine(tmp_path / "data", virtual_from=MORNING, bus=bus_choice) as machine:
        found = await City.found(machine)
        await found.put_units()
        yield found
