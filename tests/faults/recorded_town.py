"""Everything that the services of a lived town told each other, and what its people entered, to be told again."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from hotline_chassis.bus.port import NewRecord, TopicPartition
from hotline_chassis.crypto import MasterKeys
from hotline_local.audit.logs import EmbeddedLog
from hotline_local.audit.snapshot import Record
from hotline_local.machine import Machine, running_machine

from .small_town import MORNING, UNIT, Town, live

_GIVEN = (
    "SELECT ticket_id, event_id, at, item FROM history WHERE type = 'evaluation.rating.given.v1' ORDER BY at"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A record of a topic; ``at`` is the instant of its fact."""

    record: NewRecord
    at: datetime


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that somebody entered; its ids are chance, so they are kept."""

    ticket_id: UUID
    rating_id: UUID
    event_id: UUID
    body: Mapping[str, Any]


Line: TypeAlias = Sequence[Told | Rated]
"""One partition of a topic, in its order."""


@dataclass(frozen=True)
class RecordedTown:
    """A lived town.

    Attributes:
        until: when its life ended; every topic is complete up to here.
        lines: what was told, by topic and partition.
        ratings: what was entered at evaluation-svc, each with the instant.
        machine: still there, to be compared with.
        keys: what its people's words are sealed under.
    """

    until: datetime
    lines: Mapping[TopicPartition, Sequence[Told]]
    ratings: Sequence[tuple[datetime, Rated]]
    machine: Machine
    keys: MasterKeys

    def lines_of(self, topics: Sequence[str], *, with_ratings: bool = False) -> dict[TopicPartition, Line]:
        """The partitions of these topics.

        Args:
            with_ratings: put each rating behind the facts of its ticket that came before it, for the service
                that takes them in: it happens after the follow-up it answers, and before what it leads to.
        """
        found: dict[TopicPartition, list[Told | Rated]] = {
            at: list(line) for at, line in self.lines.items() if at[0] in topics
        }
        for at, rated in self.ratings if with_ratings else ():
            _insert(found, at, rated)
        return {place: line for place, line in found.items() if line}


def _insert(lines: dict[TopicPartition, list[Told | Rated]], at: datetime, rated: Rated) -> None:
    key = str(rated.ticket_id).encode()
    for (topic, _), line in lines.items():
        before = [
            place
            for place, item in enumerate(line)
            if (isinstance(item, Told) and item.record.key == key and item.at < at)
            or (isinstance(item, Rated) and item.ticket_id == rated.ticket_id)
        ]
        if topic == "routing.tickets" and before:
            line.insert(before[-1] + 1, rated)


@asynccontextmanager
async def recorded_town(data_dir: Path) -> AsyncIterator[RecordedTown]:
    """Live a town's lives; the machine stays until the block ends."""
    async with running_machine(data_dir, virtual_from=MORNING) as machine:
        town = Town(machine)
        await live(town)
        await town.put_unit(UNIT, "西秀区人民政府")
        await machine.drain()
        log = await EmbeddedLog(machine.postgres.dsn("bus")).read({})
        lines: dict[TopicPartition, list[Told]] = defaultdict(list)
        for record in log.records:
            assert record.partition is not None
            lines[record.topic, record.partition].append(_told(record))
        connection = await asyncpg.connect(**machine.postgres.dsn("evaluation"))
        given = await connection.fetch(_GIVEN)
        await connection.close()
        ratings = [(row["at"], _rated(row)) for row in given]
        keys = MasterKeys.in_directory(data_dir / "keys")
        yield RecordedTown(machine.clock.now(), lines, ratings, machine, keys)


def _told(record: Record) -> Told:
    return Told(NewRecord(record.topic, record.key, record.headers, record.value), record.at)


def _rated(row: Any) -> Rated:
    data = orjson.loads(row["item"])["data"]
    body = {name: data[name] for name in ("level", "solved", "redo_requested", "via")}
    return Rated(row["ticket_id"], UUID(data["rating_id"]), UUID(str(row["event_id"])), body)
