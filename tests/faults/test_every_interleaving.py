"""Topics know nothing of each other's order: whatever a service reads first, and how often, it ends with the same tables.

A town is lived once on a whole machine. Then each service that consumes is told everything again, by its own
consumer into its own migrated schema, in orders that Hypothesis draws. Order is kept within a partition, as on
every bus.
"""

import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation_svc.application.follow_clocks import follow_clocks
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.testing.postgres import Clones
from hotline_local.machine import BUILDERS
from routing_svc.application.keep_ratings import keep_ratings

from .rebuilding import (
    NOTICED_LATER,
    RebuiltService,
    Tables,
    consume_all,
    finished,
    in_order,
    mark,
    read_tables,
    rebuilt_service,
)
from .recorded_town import Rated, RecordedTown, Told

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interleavings")]

CONSUMING = ("routing", "sla", "evaluation", "knowledge")
STEPS = ("tell",) * 6 + ("consume",) * 3 + ("repeat", "mark", "tick")
MOST_AT_ONCE = 12
MOST_REPEATED = 5
SEEDS = range(40)


class Retelling:
    """One order of events."""

    def __init__(self, rebuilt: RebuiltService, chance: random.Random) -> None:
        self._rebuilt = rebuilt
        self._chance = chance
        self._left = {place: deque(line) for place, line in rebuilt.lines.items()}
        self._told = {place: list[Told]() for place in rebuilt.lines}

    async def run(self) -> Tables:
        await self._rebuilt.begin_anew()
        steps: Mapping[str, Callable[[], Awaitable[None]]] = {
            "tell": self._tell,
            "consume": self._consume,
            "repeat": self._repeat,
            "mark": self._mark_one,
            "tick": self._tick,
        }
        while any(self._left.values()):
            await steps[self._chance.choice(STEPS)]()
        return await finished(self._rebuilt)

    async def _tell(self) -> None:
        """Some of what comes next in one partition; what people enter waits for what they answer."""
        place = self._chance.choice(sorted(place for place, left in self._left.items() if left))
        for _ in range(self._chance.randint(1, MOST_AT_ONCE)):
            if not self._left[place]:
                return
            item = self._left[place].popleft()
            if isinstance(item, Rated):
                await consume_all(self._rebuilt)
                await self._rebuilt.enter(item)
            else:
                await self._rebuilt.bus.append([item.record])
                self._told[place].append(item)

    async def _consume(self) -> None:
        await self._rebuilt.consumer.step()

    async def _repeat(self) -> None:
        """A relay whose answer was lost sends its last records once more."""
        place = self._chance.choice(sorted(self._told))
        again = self._told[place][-self._chance.randint(1, MOST_REPEATED) :]
        await self._rebuilt.bus.append([item.record for item in again])

    async def _mark_one(self) -> None:
        topic = self._chance.choice(sorted({topic for topic, _ in self._left}))
        left = (item for (name, _), line in self._left.items() if name == topic for item in line)
        upto = min((item.at for item in left if isinstance(item, Told)), default=self._rebuilt.until)
        await mark(self._rebuilt.bus, topic, upto)

    async def _tick(self) -> None:
        if self._rebuilt.service.timer is not None:
            await self._rebuilt.service.timer.tick()


@dataclass(frozen=True)
class Case:
    """A service, and its tables after the orderly run."""

    rebuilt: RebuiltService
    expected: Tables

    async def differs(self, chance: random.Random) -> list[str]:
        """The tables that an order of chance ends differently in."""
        found = await Retelling(self.rebuilt, chance).run()
        return [name for name in self.expected.keys() | found if found.get(name) != self.expected.get(name)]


@pytest.fixture(scope="module")
async def cases(
    lived_town: RecordedTown, postgres_server: EmbeddedPostgres
) -> AsyncIterator[Mapping[str, Case]]:
    async with Clones(postgres_server) as clones, AsyncExitStack() as stack:
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        found: dict[str, Case] = {}
        for name in CONSUMING:
            dsn = await clones.create(BUILDERS[name][0])
            rebuilt = await stack.enter_async_context(rebuilt_service(name, lived_town, dsn))
            if name == "evaluation":
                for module in ("rate_handling", "record_changes"):
                    patched.setattr(f"evaluation_svc.application.{module}.act_id", rebuilt.rating_ids)
            found[name] = Case(rebuilt, await in_order(rebuilt))
        yield found


@pytest.mark.rule("I3", "I4", "T3", "N9")
@pytest.mark.parametrize("name", CONSUMING)
# Each example begins with empty tables and an empty bus.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
async def test_every_interleaving_of_topics_gives_the_same_tables(
    cases: Mapping[str, Case], name: str, chance: random.Random
) -> None:
    assert await cases[name].differs(chance) == []


async def test_the_town_leaves_something_to_compare_in_every_service(cases: Mapping[str, Case]) -> None:
    filled = {
        "routing": {"tickets", "history", "texts", "requester_keys", "first_ratings", "outbox"},
        "sla": {"clocks", "cards", "tickets", "units", "policies", "outbox"},
        "evaluation": {"follow_ups", "ratings", "history", "duty_clocks", "due_tickets", "outbox"},
        "knowledge": {"units"},
    }
    for name, case in cases.items():
        assert {table for table in filled[name] if not case.expected[table]} == set()
        assert not case.expected["parked"]
        assert not case.expected["skipped_types"]


@pytest.mark.rule("T3")
async def test_clocks_and_cards_made_anew_are_those_of_the_life_itself(
    cases: Mapping[str, Case], lived_town: RecordedTown
) -> None:
    """The same ids, deadlines, colours and instants, though every fact was applied on another day, in other batches."""
    machine, rebuilt = lived_town.machine, cases["sla"].rebuilt
    await Retelling(rebuilt, random.Random(5204)).run()
    async with machine.services["sla"].database.reading() as lived:
        life = await read_tables(lived, NOTICED_LATER, outbox=False)
    async with rebuilt.service.database.reading() as anew:
        assert await read_tables(anew, NOTICED_LATER, outbox=False) == life
    assert len(life["cards"]) > len(life["clocks"]) > 0


async def _only_of_known_tickets(store: Any, steps: Sequence[Any]) -> None:
    rows = await store._connection.fetch("SELECT ticket_id FROM tickets")
    known = {row["ticket_id"] for row in rows}
    if kept := [step for step in steps if step.ticket_id in known]:
        await follow_clocks(store, kept)


async def _only_beside_their_ticket(work: Any, events: Sequence[Any]) -> None:
    rows = await work._connection.fetch("SELECT ticket_id FROM tickets")
    known = {row["ticket_id"] for row in rows}
    await keep_ratings(work, [event for event in events if event.ticket_id in known])


async def _the_end(*_: object) -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC)


MUTANTS: Mapping[str, tuple[str, str, Any]] = {
    "clocks that mean something only once their ticket is here": (
        "evaluation", "evaluation_svc.entrypoints.consumer.follow_clocks", _only_of_known_tickets,
    ),
    "ratings that are kept only beside their ticket": (
        "routing", "routing_svc.entrypoints.consumer.keep_ratings", _only_beside_their_ticket,
    ),
    "a timer that does not wait for the watermark": (
        "sla", "sla_svc.entrypoints.timer.applied_before", _the_end,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_service_that_depends_on_what_comes_first_is_caught(
    cases: Mapping[str, Case], mutant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, where, wrong = MUTANTS[mutant]
    monkeypatch.setattr(where, wrong)
    for seed in SEEDS:
        if await cases[name].differs(random.Random(seed)):
            return
    pytest.fail("no order showed it")
