"""Callers and units who go about their work at an even pace, whatever becomes of the broker meanwhile."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from hotline_chassis.web.dev_issuer import DevIssuer

UNIT = "520402"
LIFE = ("dispatch", "sign", "interim-feedback", "reply", "reply/approve", "ratings")
"""What happens to a ticket, in this order."""
STATE_AFTER = (
    "dispatch_pending",
    "sign_pending",
    "handling",
    "handling",
    "reply_review",
    "follow_up",
    "follow_up",
)
"""The ticket's state after so many of these acts."""
TOO_EARLY: Mapping[str, frozenset[int]] = {
    "dispatch": frozenset({404, 503}),
    "ratings": frozenset({404, 409}),
}
"""Acts on what another service told, and the answers while that is still on its way; all others must succeed."""
_BODIES: Mapping[str, Any] = {
    "dispatch": {"lead": UNIT},
    "interim-feedback": {"text": "已派人抢修。"},
    "reply": {"text": "已办理。"},
    "ratings": {"level": "satisfied", "solved": True, "redo_requested": False, "via": "phone"},
}
_ACTS_PER_REQUEST = 3
_TRY_AGAIN_BEATS = 60


@dataclass
class Traffic:
    """One town's callers.

    Attributes:
        promised: numbers of the tickets whose requests were answered with 2xx, by id.
        done: how many acts of ``LIFE`` were answered with 2xx, by ticket.
        answers: how often each act was answered with each status.
        refused: answers that nothing excuses.
    """

    client: httpx.AsyncClient
    issuer: DevIssuer
    chance: random.Random
    promised: dict[str, str] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._early: set[str] = set()
        issue = self.issuer.issue
        unit = issue(["unit_handler"], unit=UNIT)
        self._agent, self._admin = issue(["agent"]), issue(["admin"])
        self._actors = {
            "dispatch": issue(["dispatcher"]),
            **dict.fromkeys(("sign", "interim-feedback", "reply"), unit),
            **dict.fromkeys(("reply/approve", "ratings"), issue(["reviewer"])),
        }

    async def settle_in(self, tickets: int) -> None:
        """The unit, and a stock of tickets that routing may not know of yet."""
        unit = {"code": UNIT, "name": "西秀区", "group": "county"}
        headers = {"Authorization": f"Bearer {self._admin}"}
        put = await self.client.put(f"/api/v1/units/{UNIT}", json=unit, headers=headers)
        put.raise_for_status()
        for _ in range(tickets):
            await self.request()

    @asynccontextmanager
    async def flowing(self, pause: float) -> AsyncIterator["asyncio.Task[None]"]:
        """An act each ``pause`` seconds, and now and then a request, as long as the block runs."""
        stop = asyncio.Event()
        flowing = asyncio.create_task(self._flow(stop, pause))
        try:
            yield flowing
        finally:
            stop.set()
            await flowing

    async def _flow(self, stop: asyncio.Event, pause: float) -> None:
        beat = 0
        while not stop.is_set():
            beat += 1
            if beat % _TRY_AGAIN_BEATS == 0:
                self._early.clear()
            open_ = [t for t, acts in self.done.items() if acts < len(LIFE) and t not in self._early]
            if open_:
                await self.act(self.chance.choice(open_))
            if beat % _ACTS_PER_REQUEST == 0:
                await self.request()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()

    async def request(self) -> None:
        body = {
            "channel": "phone",
            "type": "report",
            "emergent": "area_outage",
            "subject": "大面积停电",
            "description": "整条街今天早上开始停电。",
            "requester": {"name": "王某某", "phone": f"138{self.chance.randrange(10**8):08d}"},
        }
        answer = await self._post("request", "/api/v1/requests", body, self._agent)
        if answer is not None:
            self.promised[answer["ticket_id"]] = answer["ticket_no"]
            self.done[answer["ticket_id"]] = 0

    async def act(self, ticket: str) -> None:
        """The ticket's next act."""
        act = LIFE[self.done[ticket]]
        path = f"/api/v1/tickets/{ticket}/{act}"
        if await self._post(act, path, _BODIES.get(act), self._actors[act]) is not None:
            self.done[ticket] += 1
        else:
            self._early.add(ticket)

    async def _post(self, act: str, path: str, body: Any, token: str) -> Any:
        """The JSON of a 2xx answer; None if it came too early."""
        answer = await self.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        self.answers[(act, answer.status_code)] += 1
        if answer.is_success:
            return answer.json()
        if answer.status_code not in TOO_EARLY.get(act, ()):
            self.refused.append(f"{path}: {answer.status_code} {answer.text}")
        return None

    @property
    def writes(self) -> int:
        """How many were answered with 2xx."""
        return sum(count for (_, status), count in self.answers.items() if status < 300)

    async def broken_promises(self) -> list[str]:
        """Tickets that are not what their answers said; ask once everything has arrived."""
        headers = {"Authorization": f"Bearer {self.issuer.issue(['auditor'])}"}
        broken = []
        for ticket, number in self.promised.items():
            answer = await self.client.get(f"/api/v1/tickets/{ticket}", headers=headers)
            found = answer.json()
            told = (found.get("ticket_no"), found.get("state"))
            if told != (number, STATE_AFTER[self.done[ticket]]):
                broken.append(f"{ticket} after {self.done[ticket]} acts: {answer.status_code} {told}")
        return broken
