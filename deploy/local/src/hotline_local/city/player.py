"""Plays a plan through the public interface, on the virtual clock.

Time runs on as on a real day; services follow in batches, which changes no card, and at once where the next
act needs what they know. A city day that was killed half-way goes on where it was.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hotline_local.city.cast import Cast
from hotline_local.city.founding import found_city
from hotline_local.city.plan import Act, Doing, Happening, Life, Plan
from hotline_local.city.resumption import Come, Ids, how_far
from hotline_local.city.workdays import SHANGHAI
from hotline_local.clock_driver import ClockDriver
from hotline_local.inprocess import GatewayClient, Refused
from hotline_local.machine import Machine

CATCH_UP_EVERY = 400
"""Happenings after which everybody is let follow."""


class Deed(NamedTuple):
    """Where an act is sent, and who sends it."""

    on: str
    action: str
    role: str


DEEDS: Mapping[Doing, Deed] = {
    "accept": Deed("requests", "accept", "agent"),
    "decline": Deed("requests", "decline", "agent"),
    "dispatch": Deed("tickets", "dispatch", "dispatcher"),
    "sign": Deed("tickets", "sign", "unit_handler"),
    "interim-feedback": Deed("tickets", "interim-feedback", "unit_handler"),
    "reply": Deed("tickets", "reply", "unit_handler"),
    "reply/approve": Deed("tickets", "reply/approve", "reviewer"),
    "reply/reject": Deed("tickets", "reply/reject", "reviewer"),
    "attempt": Deed("follow-ups", "attempts", "reviewer"),
    "rate": Deed("tickets", "ratings", "reviewer"),
    "redo": Deed("tickets", "redo", "dispatcher"),
    "redo/refuse": Deed("tickets", "redo/refuse", "dispatcher"),
    "close": Deed("tickets", "close", "reviewer"),
}


class Player:
    """Plays one plan on one machine."""

    def __init__(self, machine: Machine, client: GatewayClient, plan: Plan) -> None:
        self._machine = machine
        self._client = client
        self._plan = plan
        self._cast = Cast(machine)
        self._driver = ClockDriver(machine)
        self._ids: dict[str, Ids] = {}
        self._follow_ups: dict[str, str] = {}
        self._news = _News(machine)

    async def play(self, progress: Callable[[int, int], None]) -> None:
        """Play everything; ``progress`` hears how many happenings of how many are done.

        Raises:
            Refused: the system did not do what the plan says.
        """
        happenings = self._plan.happenings()
        come = await self._prepare(happenings)
        month = self._plan.begins.month
        for done, (at, life, place) in enumerate(happenings):
            # What is formed or due belongs to a month: everybody ends one before the next begins.
            if done % CATCH_UP_EVERY == 0 or at.astimezone(SHANGHAI).month != month:
                month = at.astimezone(SHANGHAI).month
                await self._catch_up()
                progress(done, len(happenings))
            self._reach(at)
            if not _is_done(come, life, place):
                await (self._send(life) if place < 0 else self._perform(life, place))
        await self._catch_up()
        if self._plan.ends > self._machine.clock.now():
            await self._driver.move_to(self._plan.ends)
        progress(len(happenings), len(happenings))

    async def _prepare(self, happenings: list[Happening]) -> dict[str, Come]:
        """Found the city; first let the clock reach the last fact that an interrupted play has told."""
        come = await how_far(self._client, self._cast.token("auditor"), self._plan)
        self._ids = {ref: one.ids for ref, one in come.items()}
        for at, life, place in happenings:
            if _is_done(come, life, place):
                self._reach(at)
        await found_city(self._machine, self._client, self._cast)
        return come

    def _reach(self, at: datetime) -> None:
        """Never backwards: when it goes on, the clock stands where it was left."""
        if at > self._machine.clock.now():
            self._driver.run_on_to(at)

    async def _catch_up(self) -> None:
        await self._driver.catch_up()
        self._news.forget()

    async def _send(self, life: Life) -> None:
        channel = life.body["channel"]
        token = (
            self._cast.token("agent") if channel == "phone" else self._cast.token("channel_client", channel)
        )
        self._remember(life, await self._client.post("/api/v1/requests", life.body, token=token))

    def _remember(self, life: Life, answer: dict[str, Any]) -> None:
        self._ids[life.ref] = Ids(answer["request_id"], answer["ticket_id"])
        self._news.of("intake", "routing", life.ref)

    async def _perform(self, life: Life, place: int) -> None:
        act = life.acts[place]
        deed = DEEDS[act.do]
        await self._news.before(act, life.ref)
        subject, body = await self._subject(life, deed), dict(act.body)
        if act.of is not None:
            body["ticket_id"] = self._ids[act.of].ticket_id
        token = self._cast.token(deed.role, act.unit if deed.role == "unit_handler" else None)
        answer = await self._client.post(
            f"/api/v1/{deed.on}/{subject}/{deed.action}",
            body or None,
            token=token,
        )
        if deed.on == "requests":
            self._remember(life, answer)
        elif act.do == "reply/approve":
            self._follow_ups.pop(life.ref, None)
        elif act.do == "dispatch" and answer["lead"] != life.lead:
            raise Refused(f"the directory gave {life.ref} to {answer['lead']}, not to {life.lead}")
        await self._news.after(life, place)

    async def _subject(self, life: Life, deed: Deed) -> str:
        ids = self._ids[life.ref]
        if deed.on == "requests":
            return ids.request_id
        if deed.on == "tickets":
            return str(ids.ticket_id)
        if life.ref not in self._follow_ups:
            query = {"ticket_id": ids.ticket_id, "state": "open"}
            listed = await self._client.get(
                "/api/v1/follow-ups", token=self._cast.token(deed.role), query=query
            )
            self._follow_ups[life.ref] = listed["items"][0]["follow_up_id"]
        return self._follow_ups[life.ref]


def _is_done(come: Mapping[str, Come], life: Life, place: int) -> bool:
    return life.ref in come and place < come[life.ref].acts


class _News:
    """What one service has told and another one does not know yet, by the tickets it is about."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._untold: dict[tuple[str, str], set[str]] = {}

    def forget(self) -> None:
        """Everybody knows everything."""
        self._untold.clear()

    def of(self, publisher: str, consumer: str, ref: str) -> None:
        self._untold.setdefault((publisher, consumer), set()).add(ref)

    async def before(self, act: Act, ref: str) -> None:
        """Bring what this act needs to whom it is sent."""
        match act.do:
            case "dispatch":
                await self._bring("intake", "routing", ref)
            case "attempt" | "rate":
                await self._bring("routing", "evaluation", ref)
            case "redo" | "redo/refuse":
                await self._bring("evaluation", "routing", ref)

    async def after(self, life: Life, place: int) -> None:
        """Note what others have yet to hear; what follows from a fact by itself has the instant of now."""
        act = life.acts[place]
        match act.do:
            case "reply/approve":
                self.of("routing", "evaluation", life.ref)
            case "rate" if act.body["redo_requested"]:
                self.of("evaluation", "routing", life.ref)
            case "redo/refuse":
                await self._tell("routing", "evaluation")
            case "close" if life.acts[place - 1].do == "reply/approve":
                # Nobody was asked: the follow-up ends with the ticket.
                await self._tell("routing", "evaluation")

    async def _bring(self, publisher: str, consumer: str, ref: str) -> None:
        if ref in self._untold.get((publisher, consumer), ()):
            await self._tell(publisher, consumer)

    async def _tell(self, publisher: str, consumer: str) -> None:
        await self._machine.hand_over(publisher, consumer)
        self._untold.pop((publisher, consumer), None)
