"""The consumer that docs/howto/events.md shows to other teams does what the page says, word for word."""

import asyncio
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.port import NewRecord, Record
from hotline_chassis.clocks import RealTime
from hotline_contracts.events.base import Envelope, encode
from hotline_contracts.events.sla import CardIssuedV1
from hotline_contracts.events.topics import TOPICS
from hotline_contracts.ids import derived_id
from hotline_contracts.values import CardColour

PAGE = Path(__file__).parents[2] / "docs/howto/events.md"
TOPIC = "sla.clocks"
AT = datetime(2026, 2, 14, 9, 0, tzinfo=UTC)
UNKNOWN_YET = "sla.card.framed.v1"


def program() -> dict[str, Any]:
    """The names that the page's program defines; each call is a program of its own."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "red_cards"}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  our own page
    return names


def card(
    clock: str, sequence: int, colour: CardColour, unit: str, kind: str = CardIssuedV1.TYPE
) -> NewRecord:
    clock_id, ticket_id = derived_id("clock", clock), derived_id("ticket", clock)
    event = CardIssuedV1(
        clock_id=clock_id,
        ticket_id=ticket_id,
        assignment_id=None,
        unit=unit,
        duty="sign",
        round=1,
        card_id=derived_id("card", clock, sequence),
        type="help",
        card=colour,
        was=None,
        at=AT,
        due_at=AT,
        policy_version=1,
        calendar_versions={},
        why="",
    )
    envelope = Envelope(
        topic=TOPIC,
        key=str(ticket_id),
        event_id=derived_id("event", clock, sequence),
        type=kind,
        source="sla-svc",
        subject=str(clock_id),
        at=AT + timedelta(microseconds=sequence),
        sequence=sequence,
        value=encode(event),
    )
    return NewRecord(TOPIC, envelope.key.encode(), envelope.headers(), envelope.value)


ONE_RED, ONE_GREEN = card("one", 2, "red", "520402"), card("one", 1, "green", "520402")
SENT = [
    ONE_GREEN,
    ONE_RED,
    ONE_GREEN,  # a relay sent both again
    ONE_RED,
    card("two", 1, "yellow", "520403"),
    card("two", 2, "red", "520403", UNKNOWN_YET),
    card("two", 3, "red", "520403"),
    card("three", 1, "red", "520402"),
]
RED = [("520402", 2), ("520403", 1)]


@dataclass(frozen=True)
class Desk:
    bootstrap: str
    namespace: str
    database: sqlite3.Connection

    async def read(self, records: int, group: str) -> None:
        """Let the page's program run until it has taken so many records, and end it."""
        names, enough = program(), asyncio.Event()
        names["TOPIC"], names["GROUP"] = f"{self.namespace}{TOPIC}", f"{self.namespace}{group}"
        take, taken = names["take"], []

        def counting(database: sqlite3.Connection, record: Any) -> None:
            take(database, record)
            taken.append(record)
            if len(taken) == records:
                enough.set()

        names["take"] = counting
        running = asyncio.create_task(names["consume"](self.bootstrap, self.database))
        async with asyncio.timeout(40):
            await enough.wait()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    def red(self) -> list[tuple[str, int]]:
        return self.database.execute(
            "SELECT unit, count(*) FROM red_cards GROUP BY unit ORDER BY 2 DESC"
        ).fetchall()


@pytest.fixture
async def desk(kafka_bootstrap: str) -> AsyncIterator[Desk]:
    namespace = f"howto-{uuid.uuid4()}."
    bus = await KafkaBus.connect(kafka_bootstrap, RealTime(), namespace=namespace)
    await bus.ensure_topics({TOPIC: TOPICS[TOPIC].partitions})
    await bus.append(SENT)
    yield Desk(kafka_bootstrap, namespace, sqlite3.connect(":memory:"))
    await bus.close()


@pytest.mark.kafka
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("kafka")
async def test_the_program_counts_each_red_card_once_also_when_it_reads_all_again(desk: Desk) -> None:
    await desk.read(len(SENT), "bureau")
    assert desk.red() == RED
    await desk.read(len(SENT), "bureau-that-lost-its-position")
    assert desk.red() == RED


def record(sent: NewRecord) -> Record:
    return Record(sent.topic, 0, 0, sent.key, sent.headers, sent.value)


def test_the_program_stops_where_a_record_is_missing() -> None:
    names, database = program(), sqlite3.connect(":memory:")
    database.executescript(names["TABLES"])
    names["take"](database, record(ONE_GREEN))
    with pytest.raises(SystemExit, match="从 1 跳到 3"):
        names["take"](database, record(card("one", 3, "red", "520402")))


def test_the_page_names_every_topic() -> None:
    table = PAGE.read_text(encoding="utf-8")
    assert [topic for topic in TOPICS if f"`{topic}`" not in table] == []
