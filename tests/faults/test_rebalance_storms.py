"""Members of a group join, leave, die and freeze while facts flow: every effect happens once, in its order."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from hotline_chassis.bus.groups import HEARTBEAT
from hotline_chassis.bus.port import TopicPartition
from hotline_chassis.consumer import dlq_topic
from hotline_chassis.database import Transaction
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.testing.bus_lab import BusLab, EmbeddedLab, KafkaLab
from hotline_chassis.testing.postgres import Clones, DatabaseFactory
from hotline_contracts.events.registry import PARTITIONS
from hotline_local.machine import BUILDERS

from .rebuilding import Tables, in_order, mark, rebuilt_service
from .recorded_town import RecordedTown, Told
from .storm import Storm

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("broker-outage")]

SERVICES = ("routing", "sla")
"""What rebuilds by itself; evaluation's ratings would have to be entered again."""
ROUNDS = 10
SENT_TWICE = 0.3
KAFKA = pytest.param("kafka", 12345, marks=pytest.mark.kafka)


@pytest.fixture
async def lab(request: pytest.FixtureRequest, database_factory: DatabaseFactory) -> AsyncIterator[BusLab]:
    """A bus that several processes share."""
    opened: BusLab
    if request.param == "embedded":
        opened = await EmbeddedLab.open(await database_factory(None), alone=False)
    else:
        opened = await KafkaLab.open(request.getfixturevalue("kafka_bootstrap"))
    await opened.bus.ensure_topics({**PARTITIONS, **{dlq_topic(topic): 1 for topic in PARTITIONS}})
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def calm(lived_town: RecordedTown, postgres_server: EmbeddedPostgres) -> Mapping[str, Tables]:
    """The tables of each service that was told everything in order, alone."""
    found = {}
    async with Clones(postgres_server) as clones:
        for name in SERVICES:
            dsn = await clones.create(BUILDERS[name][0])
            async with rebuilt_service(name, lived_town, dsn) as rebuilt:
                found[name] = await in_order(rebuilt)
    return found


class Facts:
    """What the town was told, in the order of its instants, a share at a time."""

    def __init__(self, town: RecordedTown, topics: set[str], lab: BusLab, chance: random.Random) -> None:
        self._until = town.until
        self._lab = lab
        self._chance = chance
        left = {place: deque(line) for place, line in town.lines.items() if place[0] in topics}
        self._topics = topics
        self._left: deque[Told] = deque()
        while any(left.values()):
            place = min((line[0].at, place) for place, line in left.items() if line)[1]
            self._left.append(left[place].popleft())
        self._share = len(self._left) // (ROUNDS + 1 + len(SERVICES))

    async def tell_some(self) -> None:
        """A share of what is left; now and then the relay misses the answer and sends it again."""
        await self._tell(self._share)

    async def tell_all(self) -> None:
        await self._tell(len(self._left))

    async def _tell(self, count: int) -> None:
        share = [self._left.popleft().record for _ in range(min(count, len(self._left)))]
        for _ in range(2 if self._chance.random() < SENT_TWICE else 1):
            await self._lab.bus.append(share)
        for topic in self._topics:
            await mark(self._lab.bus, topic, self._complete_before(topic))

    def _complete_before(self, topic: str) -> datetime:
        return min((told.at for told in self._left if told.record.topic == topic), default=self._until)


@dataclass
class Aftermath:
    """What a storm left, and what happened in it."""

    tables: dict[str, Tables]
    happened: dict[str, Counter[str]]
    logged: Counter[str]


async def storm_over(
    services: Sequence[str], lab: BusLab, town: RecordedTown, create: DatabaseFactory, seed: int
) -> Aftermath:
    """Tell these services everything while their members come and go."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        lines = stack.enter_context(capture_logs())
        storms = {}
        for name in services:
            storm = Storm(name, await create(BUILDERS[name][0]), lab, town, chance)
            storms[name] = await stack.enter_async_context(storm)
        topics = {topic for storm in storms.values() for topic in storm.topics}
        facts = Facts(town, topics, lab, chance)
        for _ in range(ROUNDS):
            await facts.tell_some()
            await asyncio.gather(*(storm.blow() for storm in storms.values()))
            await lab.pass_time(HEARTBEAT)
        for storm in storms.values():
            await storm.freeze_one(facts.tell_some)
        await facts.tell_all()
        for storm in storms.values():
            await storm.until_all_is_read()
        return Aftermath(
            {name: await storm.tables() for name, storm in storms.items()},
            {name: storm.happened for name, storm in storms.items()},
            Counter(line["event"] for line in lines),
        )


@pytest.mark.rule("T3")
@pytest.mark.parametrize(
    ("lab", "seed"), [*(("embedded", seed) for seed in range(4)), KAFKA], indirect=["lab"]
)
async def test_a_storm_of_members_leaves_what_a_calm_run_leaves(
    lab: BusLab,
    lived_town: RecordedTown,
    calm: Mapping[str, Tables],
    database_factory: DatabaseFactory,
    seed: int,
) -> None:
    left = await storm_over(SERVICES, lab, lived_town, database_factory, seed)
    assert left.tables == calm
    for happened in left.happened.values():
        assert min(happened[what] for what in ("joined", "left", "died", "froze")) > 0, happened
    assert left.logged["consumer.fenced"] >= len(SERVICES), "whoever froze was fenced when it went on"
    assert left.logged["consumer.retries_unknown"] == 0


@pytest.mark.parametrize("lab", ["embedded"], indirect=True)
async def test_a_consumer_that_trusts_its_group_instead_of_its_positions_is_caught(
    lab: BusLab,
    lived_town: RecordedTown,
    calm: Mapping[str, Tables],
    database_factory: DatabaseFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def move_without_looking(
        transaction: Transaction, moves: Mapping[TopicPartition, tuple[int, int]], incarnations: Any, _: Any
    ) -> dict[tuple[str, str], int]:
        for (topic, partition), (_was, upto) in moves.items():
            await transaction.connection.execute(
                "UPDATE positions SET next_offset = $3 WHERE (topic, partition) = ($1, $2)",
                topic,
                partition,
                upto,
            )
        return {}

    monkeypatch.setattr("hotline_chassis.consumer.move_positions", move_without_looking)
    left = await storm_over(["routing"], lab, lived_town, database_factory, 0)
    assert left.tables["routing"] != calm["routing"]
