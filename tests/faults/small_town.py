"""A few lives of every kind, lived in a machine of this process."""

from datetime import datetime, timedelta
from typing import Any

from hotline_local.clock_driver import ClockDriver
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine
from hotline_local.web import gateway_of

UNIT = "520402"
SUPPORT = "520403"
MORNING = datetime.fromisoformat("2026-02-13T08:00:00+08:00")


class Town:
    """Callers of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.driver = ClockDriver(machine)
        self.client = GatewayClient(gateway_of(machine, access_log=False))
        issue = machine.issuer.issue
        unit = issue(["unit_handler"], unit=UNIT)
        self._support = issue(["unit_handler"], unit=SUPPORT)
        self._admin, self._agent = issue(["admin"]), issue(["agent"])
        self._actors = {
            **dict.fromkeys(("dispatch", "redo", "redo/refuse"), issue(["dispatcher"])),
            **dict.fromkeys(("sign", "reply", "interim-feedback"), unit),
            **dict.fromkeys(("reply/approve", "reply/reject", "ratings", "close"), issue(["reviewer"])),
        }

    async def put_unit(self, code: str, name: str) -> None:
        body = {"code": code, "name": name, "group": "county"}
        await self.client.put(f"/api/v1/units/{code}", body, token=self._admin)

    async def request(self, **changes: Any) -> str:
        """Post a request; returns its ticket's id."""
        body = {
            "channel": "phone",
            "type": "help",
            "subject": "路灯不亮",
            "description": "小区门口的路灯已经三天不亮。",
            "requester": {"name": "王某某", "phone": "13800001234"},
            **changes,
        }
        answer = await self.client.post("/api/v1/requests", body, token=self._agent)
        return str(answer["ticket_id"])

    async def act(self, ticket: str, action: str, body: Any = None) -> None:
        await self.client.post(f"/api/v1/tickets/{ticket}/{action}", body, token=self._actors[action])

    async def sign_support(self, ticket: str) -> None:
        await self.client.post(f"/api/v1/tickets/{ticket}/sign", None, token=self._support)

    async def rate(self, ticket: str, level: str, *, redo: bool = False) -> None:
        """Say how the handling was, once the follow-up has come."""
        await self.machine.drain()
        body = {"level": level, "solved": not redo, "redo_requested": redo, "via": "phone"}
        await self.act(ticket, "ratings", body)

    async def write_entry(self) -> None:
        """An entry of the knowledge base, drafted and handed in."""
        body = {"title": "路灯报修", "kind": "guide", "unit": UNIT, "body": "拨打 12345 报修路灯。"}
        entry = await self.client.post("/api/v1/knowledge/entries", body, token=self._actors["sign"])
        path = f"/api/v1/knowledge/entries/{entry['entry_id']}/submit"
        await self.client.post(path, None, token=self._actors["sign"])

    async def pass_time(self, **span: float) -> None:
        await self.driver.move_to(self.machine.clock.now() + timedelta(**span))


async def live(town: Town) -> None:
    """Lives of every kind: late to red, emergent, rejected and late again, praised, closed early, held, redone."""
    await town.put_unit(UNIT, "西秀区")
    await town.put_unit(SUPPORT, "平坝区")
    await town.machine.drain()
    await town.write_entry()
    tickets = [
        await town.request(type=kind, **more)
        for kind, more in (
            ("consultation", {}),
            ("report", {"emergent": "area_outage"}),
            ("help", {}),
            ("praise", {}),
            ("complaint", {}),
            ("suggestion", {}),
            ("opinion", {}),
            ("consultation", {}),
        )
    ]
    await town.request(decision="hold")
    late, emergent, rejected, praised, closed, fresh, refused, redone = tickets
    await town.machine.drain()
    for ticket in (late, emergent, rejected, praised, closed, refused, redone):
        await town.act(ticket, "dispatch", {"lead": UNIT, "supports": [SUPPORT], "note": "请尽快办理。"})
    await town.pass_time(minutes=20)
    for ticket in (emergent, rejected, closed, refused, redone):
        await town.act(ticket, "sign")
    await town.pass_time(minutes=40)
    await town.act(emergent, "interim-feedback", {"text": "已派人抢修。"})
    for ticket in (closed, refused, redone):
        await town.act(ticket, "reply", {"text": "已办理。"})
        await town.act(ticket, "reply/approve")
    await town.rate(closed, "satisfied")
    await town.act(closed, "close")
    await town.rate(refused, "dissatisfied", redo=True)
    await town.rate(redone, "very_dissatisfied", redo=True)
    await town.machine.drain()
    await town.act(refused, "redo/refuse", {"note": "已按规定办理。"})
    await town.act(redone, "redo", {"note": "请重新核实。"})
    await town.act(rejected, "reply", {"text": "不归我管。"})
    await town.act(rejected, "reply/reject", {"note": "请说明。"})
    await town.sign_support(rejected)
    await town.pass_time(days=20)
    await town.act(redone, "reply", {"text": "已重新办理。"})
    await town.act(redone, "reply/approve")
    await town.rate(redone, "basically_satisfied")
    await town.act(rejected, "reply", {"text": "已办理。"})
    await town.act(rejected, "reply/reject", {"note": "仍不清楚。"})
    await town.act(rejected, "reply", {"text": "已办理，见附件。"})
    await town.act(late, "sign")
    await town.act(fresh, "dispatch", {"lead": UNIT})
    await town.pass_time(hours=1)


async def leave_work_undone(town: Town) -> None:
    """A relay that has not sent, and a consumer that has not read."""
    ticket = await town.request(type="opinion")
    await town.machine.drain()
    await town.act(ticket, "dispatch", {"lead": UNIT})
    await town.machine.relays["routing"].step()
    await town.act(ticket, "sign")
    await town.request(type="help")
    await town.put_unit("520422", "普定县")
