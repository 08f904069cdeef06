"""What the public interface says about the demonstration's requests, gathered for the table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hotline_local.inprocess import GatewayClient

DUTIES = ("sign", "handle", "interim_feedback")


@dataclass(frozen=True, slots=True)
class Mark:
    """One clock: its card, its deadline, and how it stands (``running``, ``met``, ``late``…)."""

    card: str
    due_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Charge:
    """One unit's part of a ticket, with its clocks by duty."""

    unit: str
    role: str
    marks: Mapping[str, Mark]


@dataclass(frozen=True, slots=True)
class TicketLine:
    """``charges``: the lead first; empty before dispatch."""

    ticket_no: str
    type: str
    subject: str
    state: str
    emergent: str | None
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class DeclinedLine:
    """``subject`` None: nothing of the content was kept."""

    subject: str | None
    reason: str
    guidance: str


@dataclass(frozen=True, slots=True)
class RedCard:
    at: datetime
    ticket_no: str
    duty: str
    unit: str
    why: str


@dataclass
class Sheet:
    """Everything the table shows.

    Attributes:
        requests: how many were sent.
        pending: how many of them wait for a person's decision.
        cards: how many cards were issued, by (duty, colour).
        reds: all red cards, the latest first.
    """

    now: datetime
    requests: int = 0
    pending: int = 0
    tickets: list[TicketLine] = field(default_factory=list)
    declined: list[DeclinedLine] = field(default_factory=list)
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)
    reds: list[RedCard] = field(default_factory=list)


class Gatherer:
    """Reads with one token that may see everything."""

    def __init__(self, client: GatewayClient, token: str) -> None:
        self._client = client
        self._token = token
        self._units: dict[str, str] = {}

    async def gather(self, request_ids: list[str], now: datetime) -> Sheet:
        """The present state of these requests, in their order, and of their tickets."""
        sheet = Sheet(now, requests=len(request_ids))
        units = await self._client.items("/api/v1/units", token=self._token)
        self._units = {unit["code"]: unit["name"] for unit in units}
        for request_id in request_ids:
            request = await self._get(f"/api/v1/requests/{request_id}")
            if request["outcome"] == "declined":
                sheet.declined.append(
                    DeclinedLine(request.get("subject"), request["reason"], request["guidance"])
                )
            elif request["outcome"] == "pending":
                sheet.pending += 1
            else:
                await self._add_ticket(sheet, request["ticket_id"])
        sheet.tickets.sort(key=lambda line: line.ticket_no)
        sheet.reds.sort(key=lambda red: (red.at, red.ticket_no), reverse=True)
        return sheet

    async def _add_ticket(self, sheet: Sheet, ticket_id: str) -> None:
        ticket = await self._get(f"/api/v1/tickets/{ticket_id}")
        clocks = await self._items(f"/api/v1/tickets/{ticket_id}/clocks") if ticket["assignments"] else []
        sheet.tickets.append(
            TicketLine(
                ticket_no=ticket["ticket_no"],
                type=ticket["type"],
                subject=ticket["subject"],
                state=ticket["state"],
                emergent=ticket["emergent"],
                charges=tuple(self._charge(given, clocks) for given in ticket["assignments"]),
            )
        )
        for card in await self._items("/api/v1/cards", {"ticket_id": ticket_id}):
            sheet.cards[card["duty"], card["card"]] += 1
            if card["card"] == "red":
                at, unit = datetime.fromisoformat(card["at"]), self._name(card["unit"])
                sheet.reds.append(RedCard(at, ticket["ticket_no"], card["duty"], unit, card["why"]))

    def _charge(self, given: dict[str, Any], clocks: list[dict[str, Any]]) -> Charge:
        marks = {
            clock["duty"]: Mark(clock["card"], datetime.fromisoformat(clock["due_at"]), clock["state"])
            for clock in clocks
            if clock["assignment_id"] == given["assignment_id"] and clock["duty"] in DUTIES
        }
        return Charge(self._name(given["unit"]), given["role"], marks)

    def _name(self, code: str) -> str:
        return self._units.get(code, code)

    async def _get(self, path: str) -> Any:
        return await self._client.get(path, token=self._token)

    async def _items(self, path: str, query: dict[str, Any] | None = None) -> list[Any]:
        return await self._client.items(path, token=self._token, query=query)
