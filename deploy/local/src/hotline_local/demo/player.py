"""Plays the script through the public interface, on the virtual clock.

Every write carries a key of the script's own (requests their channel's number), so a demonstration that was
killed half-way is simply played again: what was done is answered, not done twice.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from hotline_local.clock_driver import ClockDriver
from hotline_local.demo import script
from hotline_local.demo.memory import Memory
from hotline_local.demo.script import AnyStep, DirectoryRow, RequestRow, Script, Step
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine

DIRECTORY_SINCE = "2026-01-01T00:00:00+08:00"


class Act(NamedTuple):
    """Where a step is sent, and who sends it."""

    on: str
    action: str
    role: str


ACTS: Mapping[type[Step], Act] = {
    script.Accept: Act("requests", "accept", "agent"),
    script.Decline: Act("requests", "decline", "agent"),
    script.Dispatch: Act("tickets", "dispatch", "dispatcher"),
    script.Sign: Act("tickets", "sign", "unit_handler"),
    script.Interim: Act("tickets", "interim-feedback", "unit_handler"),
    script.Reply: Act("tickets", "reply", "unit_handler"),
    script.Approve: Act("tickets", "reply/approve", "reviewer"),
    script.Reject: Act("tickets", "reply/reject", "reviewer"),
    script.Close: Act("tickets", "close", "reviewer"),
}
NOT_SENT = frozenset({"at", "unit", "of"})
"""Fields of steps that say when, by whom and about what, and are no part of a body."""


class Cast:
    """Everybody who acts or reads in the demonstration, by token."""

    def __init__(self, machine: Machine) -> None:
        self._issue = machine.issuer.issue
        self._tokens: dict[tuple[str, str | None], str] = {}

    def token(self, role: str, of: str | None = None) -> str:
        """A token of a role; ``of`` is a unit's code for units' roles, the channel for a channel's."""
        found = self._tokens.get((role, of))
        if found is None:
            unit, channel = (None, of) if role == "channel_client" else (of, None)
            found = self._issue([role], unit=unit, channel=channel, sub=f"demo-{role}-{of or 'city'}")
            self._tokens[role, of] = found
        return found


class Player:
    """Plays one script on one machine."""

    def __init__(self, machine: Machine, client: GatewayClient, played: Script, memory: Memory) -> None:
        self._machine = machine
        self._memory = memory
        self._driver = ClockDriver(machine)
        self._client = client
        self._script = played
        self._leads: dict[str, str] = {}
        self._cast = Cast(machine)
        self._standings: dict[str, dict[str, Any]] = {}

    async def play(self, progress: Callable[[int, int], None]) -> None:
        """Play everything; ``progress`` hears how many happenings of how many are done."""
        await self._prepare()
        happenings = self._script.happenings()
        for done, (at, request, step) in enumerate(happenings):
            progress(done, len(happenings))
            await self._reach(at)
            if step is None:
                self._standings[request.ref] = await self._sent(request)
            else:
                await self._perform(request, step)
        await self._reach(script.instant(self._script.ends))
        progress(len(happenings), len(happenings))

    async def _prepare(self) -> None:
        admin = self._cast.token("admin")
        for unit in self._script.units:
            body = {"code": unit.code, "name": unit.name, "group": unit.group}
            await self._client.put(f"/api/v1/units/{unit.code}", body, token=admin)
        for row in self._script.directory:
            key = f"demo-{row.category}-{row.area}".encode().hex()
            await self._client.post("/api/v1/directory", _directory_body(row), token=admin, key=key)

    async def _reach(self, at: datetime) -> None:
        """Never backwards: when it is played again, the clock stands where it was left."""
        if at > self._machine.clock.now():
            await self._driver.move_to(at, thorough=False)

    async def _sent(self, request: RequestRow) -> dict[str, Any]:
        """What intake says about a request, which is sent now unless it was sent before."""
        known = self._memory.request_ids.get(request.ref)
        if known is not None:
            token = self._cast.token("auditor")
            found: dict[str, Any] = await self._client.get(f"/api/v1/requests/{known}", token=token)
            return found
        of = None if request.channel == "phone" else request.channel
        token = self._cast.token("channel_client" if of else "agent", of)
        answer: dict[str, Any] = await self._client.post("/api/v1/requests", _body_of(request), token=token)
        await self._memory.remember(request.ref, answer["request_id"])
        await self._machine.drain(thorough=False)
        return answer

    async def _perform(self, request: RequestRow, step: AnyStep) -> None:
        act = ACTS[type(step)]
        standing = self._standings[request.ref]
        subject = standing["ticket_id" if act.on == "tickets" else "request_id"]
        unit = None
        if act.role == "unit_handler":
            unit = getattr(step, "unit", None) or self._leads[request.ref]
        answer = await self._client.post(
            f"/api/v1/{act.on}/{subject}/{act.action}",
            self._body(step),
            token=self._cast.token(act.role, unit),
            key=f"demo-{request.ref}-{request.steps.index(step)}",
        )
        if act.on == "requests":
            self._standings[request.ref] = answer
        elif act.action == "dispatch":
            self._leads[request.ref] = answer["lead"]

    def _body(self, step: AnyStep) -> dict[str, Any]:
        stated = msgspec.structs.asdict(step)
        body = {name: value for name, value in stated.items() if value and name not in NOT_SENT}
        if isinstance(step, script.Decline) and step.of:
            body["ticket_id"] = self._standings[step.of]["ticket_id"]
        return body


def _body_of(request: RequestRow) -> dict[str, Any]:
    body: dict[str, Any] = {
        "channel": request.channel,
        "channel_ref": f"demo-{request.ref}",
        "type": request.type,
        "subject": request.subject,
        "description": request.description,
        "category": request.category,
        "emergent": request.emergent,
        "decision": "hold" if request.hold else None,
    }
    if request.area:
        body["area_code"] = request.area
    if request.linkage:
        body["linkage"] = msgspec.to_builtins(request.linkage)
    if request.name or request.phone:
        body["requester"] = {
            "name": request.name,
            "phone": request.phone,
            "kind": "person",
            "confidential": request.confidential,
        }
    return body


def _directory_body(row: DirectoryRow) -> dict[str, Any]:
    return {
        "category": row.category,
        "area_code": row.area,
        "lead": row.lead,
        "supports": [],
        "effective_from": DIRECTORY_SINCE,
    }
