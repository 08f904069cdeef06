"""Replays a file of past messages through the whole system: each one a request that lives its life.

Each message is a request at ``created_at`` (channel import), dispatched and signed at that instant, and
replied, approved and closed at ``replied_at``. Time runs on as on a real day: clocks and cards follow some
messages later, which must not change a single one of them.
"""

import csv
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hotline_local.clock_driver import ClockDriver
from hotline_local.inprocess import GatewayClient
from hotline_local.machine import Machine, running_machine
from hotline_local.web import gateway_of

TYPE_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("report", ("举报",)),
    ("complaint", ("投诉",)),
    ("suggestion", ("建议",)),
    ("consultation", ("咨询", "请问", "吗", "？", "?")),
)
"""The first row with a word in the subject gives the type; else it is help."""
TYPES = ("consultation", "help", "suggestion", "complaint", "report")
FIGURES = ("tickets", "on_time", "late", "yellow", "red")
_PLACE = re.compile(r"A[1-9]区|[B-M]市")
CITY = "CITY"
CATCH_UP_EVERY = 64
"""Instants after which the clocks' service is let follow: about what one batch of its consumer holds."""
COLUMNS = ("message_id", "subject", "created_at", "body", "replied_at")


class UnreadableFile(Exception):
    """The file is not the CSV that a replay needs; the message says where."""


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the file, read."""

    message_id: str
    subject: str
    body: str
    type: str
    unit: str
    created_at: datetime
    replied_at: datetime


@dataclass
class Tally:
    """Figures of the ``handle`` duty, by type."""

    tickets: Counter[str] = field(default_factory=Counter)
    on_time: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    yellow: Counter[str] = field(default_factory=Counter)
    red: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str) -> dict[str, int]:
        return {figure: getattr(self, figure)[kind] for figure in FIGURES}

    def total(self) -> dict[str, int]:
        return {figure: getattr(self, figure).total() for figure in FIGURES}


def read_messages(path: Path) -> list[Message]:
    """The file's messages, oldest first.

    Raises:
        UnreadableFile: a column or an instant is missing, or a reply lies before its message.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = set(COLUMNS) - set(rows.fieldnames or ())
        if missing:
            raise UnreadableFile(f"缺少列：{'、'.join(sorted(missing))}")
        messages = [_message(number, row) for number, row in enumerate(rows, start=2)]
    return sorted(messages, key=lambda message: (message.created_at, message.message_id))


def _message(number: int, row: dict[str, str]) -> Message:
    try:
        created_at = datetime.fromisoformat(row["created_at"])
        replied_at = datetime.fromisoformat(row["replied_at"])
    except ValueError:
        raise UnreadableFile(f"第 {number} 行的时间无法识别。") from None
    if created_at.tzinfo is None or replied_at.tzinfo is None or replied_at < created_at:
        raise UnreadableFile(f"第 {number} 行的时间缺少时区，或答复早于来信。")
    return Message(
        message_id=row["message_id"],
        subject=row["subject"],
        body=row["body"],
        type=type_of(row["subject"]),
        unit=unit_of(row["subject"], row["body"]),
        created_at=created_at,
        replied_at=replied_at,
    )


def type_of(subject: str) -> str:
    """The ticket's type by the first row of ``TYPE_WORDS`` that has a word in the subject."""
    for kind, words in TYPE_WORDS:
        if any(word in subject for word in words):
            return kind
    return "help"


def unit_of(subject: str, body: str) -> str:
    """Code of the leftmost place in the subject, else in the body, else of the city itself."""
    found = _PLACE.search(subject) or _PLACE.search(body)
    return f"R-{found.group()[:-1]}" if found else CITY


def unit_names() -> dict[str, str]:
    """All units of the replay, name by code."""
    districts = {f"R-A{number}": f"A{number}区" for number in range(1, 10)}
    cities = {f"R-{letter}": f"{letter}市" for letter in "BCDEFGHIJKLM"}
    return {CITY: "市本级", **districts, **cities}


async def replay(
    path: Path, data_dir: Path, *, progress: Callable[[int, int], None] | None = None
) -> dict[str, Any]:
    """Replay a file on fresh data and count.

    Args:
        path: a CSV with the columns ``COLUMNS``.
        data_dir: deleted first; stays afterwards, so that it can be audited.
        progress: called with (done, all) lives' halves.

    Returns:
        ``{"rows", "types": {type: figures}, "total": figures, "seconds"}``.
    """
    messages = read_messages(path)
    shutil.rmtree(data_dir, ignore_errors=True)
    began = time.monotonic()
    start = min((m.created_at for m in messages), default=None)
    if start is None:
        raise UnreadableFile("文件中没有消息。")
    async with running_machine(data_dir, virtual_from=start - timedelta(days=1)) as machine:
        lives = _Lives(machine)
        await lives.prepare()
        done = 0
        for number, (instant, steps) in enumerate(_timeline(messages), start=1):
            lives.driver.run_on_to(instant)
            for step, message in steps:
                await step(lives, message)
                done += 1
            if number % CATCH_UP_EVERY == 0:
                await lives.driver.catch_up()
                if progress is not None:
                    progress(done, 2 * len(messages))
        await lives.driver.catch_up()
        tally = await lives.tally()
    return {
        "rows": len(messages),
        "types": {kind: tally.of(kind) for kind in TYPES},
        "total": tally.total(),
        "seconds": round(time.monotonic() - began, 1),
    }


Step = Callable[["_Lives", Message], Any]


def _timeline(messages: list[Message]) -> Iterator[tuple[datetime, list[tuple[Step, Message]]]]:
    """Instants in order, each with what happens at it: arrivals before replies."""
    happenings: dict[datetime, list[tuple[Step, Message]]] = {}
    for message in messages:
        happenings.setdefault(message.created_at, []).append((_Lives.arrive, message))
    for message in messages:
        happenings.setdefault(message.replied_at, []).append((_Lives.answer, message))
    yield from sorted(happenings.items(), key=lambda item: item[0])


class _Lives:
    """The callers that a ticket meets, and the tickets by message."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.driver = ClockDriver(machine)
        self.client = GatewayClient(gateway_of(machine, access_log=False))
        self._tickets: dict[str, UUID] = {}
        self._types: dict[str, str] = {}
        issue = machine.issuer.issue
        self._admin = issue(["admin"])
        self._import = issue(["channel_client"], channel="import")
        self._dispatcher = issue(["dispatcher"])
        self._reviewer = issue(["reviewer"])
        self._auditor = issue(["auditor"])
        self._units = {code: issue(["unit_handler"], unit=code) for code in unit_names()}

    async def prepare(self) -> None:
        """Put the units."""
        for code, name in unit_names().items():
            await self.client.put(
                f"/api/v1/units/{code}", {"code": code, "name": name, "group": "county"}, token=self._admin
            )
        await self.machine.drain()

    async def arrive(self, message: Message) -> None:
        """Request, dispatch, sign."""
        answer = await self.client.post(
            "/api/v1/requests",
            {
                "channel": "import",
                "channel_ref": message.message_id,
                "type": message.type,
                "subject": message.subject,
                "description": message.body,
                "received_at": message.created_at.isoformat(),
            },
            token=self._import,
        )
        ticket = answer["ticket_id"]
        self._tickets[message.message_id] = ticket
        self._types[ticket] = message.type
        await self.machine.hand_over("intake", "routing")
        await self._act(ticket, "dispatch", {"lead": message.unit}, self._dispatcher)
        await self._act(ticket, "sign", None, self._units[message.unit])

    async def answer(self, message: Message) -> None:
        """Reply, approve, close."""
        ticket = self._tickets[message.message_id]
        await self._act(ticket, "reply", {"text": "已按程序办理并答复。"}, self._units[message.unit])
        await self._act(ticket, "reply/approve", None, self._reviewer)
        await self._act(ticket, "close", None, self._reviewer)

    async def _act(self, ticket: UUID, action: str, body: dict[str, str] | None, token: str) -> None:
        await self.client.post(f"/api/v1/tickets/{ticket}/{action}", body, token=token)

    async def tally(self) -> Tally:
        """Count tickets, verdicts and cards of ``handle`` through the public interface."""
        tally = Tally(tickets=Counter(self._types.values()))
        for clock in await self.client.items("/api/v1/clocks", token=self._auditor, query={"duty": "handle"}):
            verdicts = {"met": tally.on_time, "late": tally.late}
            verdicts[clock["state"]][self._types[clock["ticket_id"]]] += 1
        for colour, counter in (("yellow", tally.yellow), ("red", tally.red)):
            query = {"duty": "handle", "card": colour}
            for card in await self.client.items("/api/v1/cards", token=self._auditor, query=query):
                counter[card["type"]] += 1
        return tally
