"""Topics know nothing of each other's order: whatever is read first, evaluation-svc ends with the same tables.

Order is kept within each topic and key, as on the bus. What people enter stands in its ticket's own line: it
happens after the follow-up it answers is here, and before the decision it leads to.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation_svc.application.draw_scorecard import draw_scorecard
from evaluation_svc.application.rate_handling import RatingOrder, rate_handling
from evaluation_svc.application.record_attempt import record_attempt
from evaluation_svc.domain.actors import Actor
from evaluation_svc.domain.months import Month
from evaluation_svc.domain.ratings import Opinion
from evaluation_svc.entrypoints.consumer import applying
from hotline_contracts.events import routing
from hotline_contracts.events.base import Envelope, Event, Fact, encode
from hotline_contracts.ids import derived_id
from hotline_worktime.policy import POLICY_1

from .conftest import START, TicketFacts, World

NOW = START + timedelta(days=20)
DUE = START + timedelta(days=5)
PERSON = Actor("li", ("reviewer",), None)
TABLES = {
    "tickets": "last_hash",
    "assignments": "",
    "follow_ups": "",
    "attempts": "",
    "ratings": "rating_id",
    "duty_clocks": "",
    "due_tickets": "",
    "units": "",
    "policies": "",
}
"""Every table of this service and the column whose value is chance; the history is compared by its items."""


@dataclass(frozen=True)
class Rate:
    ticket_id: UUID
    level: Any
    redo_requested: bool = False


@dataclass(frozen=True)
class Refuse:
    ticket_id: UUID


Item = Fact[Any] | Rate | Refuse


@dataclass
class Tape:
    """Stands for the bus: keeps what is published, by topic and key, each line in its order."""

    lines: dict[tuple[str, str], list[Item]] = field(default_factory=lambda: defaultdict(list))
    _sequences: Any = field(default_factory=lambda: defaultdict(lambda: count(1)))

    async def publish(self, event: Event, *, subject: str, key: str | None = None) -> UUID:
        sequence = next(self._sequences[(event.TOPIC, subject)])
        event_id = derived_id("tape", event.TOPIC, subject, sequence)
        line = self.lines[(event.TOPIC, key or subject)]
        at = START + timedelta(minutes=len(line))
        envelope = Envelope(
            topic=event.TOPIC,
            key=key or subject,
            event_id=event_id,
            type=event.TYPE,
            source="test",
            subject=subject,
            at=at,
            sequence=sequence,
            value=encode(event),
        )
        line.append(Fact(event, envelope))
        return event_id

    def ticket(self, number: int, unit: str) -> TicketFacts:
        return TicketFacts(self, number, unit)  # type: ignore[arg-type]

    def entered(self, act: Rate | Refuse) -> None:
        self.lines[("routing.tickets", str(act.ticket_id))].append(act)


async def recorded() -> Tape:
    """Four tickets' lives, their clocks, the units and a second policy."""
    tape = Tape()
    unit, policy = World.unit, World.policy
    await unit(tape, "u1")  # type: ignore[arg-type]
    await unit(tape, "u2", parent="u1")  # type: ignore[arg-type]
    later = POLICY_1.model_copy(update={"version": 2, "effective_from": START})
    await policy(tape, later)  # type: ignore[arg-type]
    redone, refused, silent, plain = (tape.ticket(n, f"u{n % 2 + 1}") for n in range(1, 5))
    nobody = derived_id("replaced when it is known")
    for ticket in (redone, refused, silent, plain):
        await ticket.created()
        await ticket.dispatched()
        await ticket.approved()
        await ticket.clock_started(DUE)
        await ticket.clock_met()
    for ticket in (redone, silent):
        tape.entered(Rate(ticket.id, "dissatisfied", redo_requested=True))
        await ticket.redo_ordered(nobody)
        await ticket.approved(2)
        await ticket.clock_started(DUE + timedelta(days=30), "redo")
    tape.entered(Rate(redone.id, "satisfied"))
    await redone.clock_met("redo", late=True)
    tape.entered(Refuse(silent.id))
    tape.entered(Rate(refused.id, "very_dissatisfied", redo_requested=True))
    await refused.redo_refused(nobody)
    await refused.clock_reopened(DUE + timedelta(days=1))
    await refused.carded("red", DUE + timedelta(days=1))
    for ticket in (redone, refused, silent, plain):
        await ticket.closed()
    await plain.clock_started(DUE, "redo")
    await plain.clock_cancelled("redo")
    return tape


async def play(world: World, items: Sequence[Item], cuts: set[int]) -> dict[str, Any]:
    """The tables after the items, in batches; what people enter is a transaction of its own."""
    database = world.service.database
    async with database.transaction() as transaction:
        await transaction.connection.execute(f"TRUNCATE {', '.join(TABLES)}, history, outbox CASCADE")
    await _apply(world, await _first_policy())
    batch: list[Fact[Any]] = []
    for place, item in enumerate(items):
        if isinstance(item, Fact):
            batch.append(item)
        if not isinstance(item, Fact) or place in cuts:
            await _apply(world, batch)
            batch = []
        if not isinstance(item, Fact):
            await _enter(world, item)
    await _apply(world, batch)
    return await _tables(world)


async def _apply(world: World, batch: list[Fact[Any]]) -> None:
    decided = [await _named(world, fact) for fact in batch]
    async with world.service.database.transaction() as transaction:
        await applying(world.service.app.state.stores)(transaction, decided)  # type: ignore[attr-defined]


async def _named(world: World, fact: Fact[Any]) -> Fact[Any]:
    """A refusal names the rating that was given meanwhile."""
    if not isinstance(fact.event, routing.TicketRedoRefusedV1):
        return fact
    [row] = await world.rows("SELECT rating_id FROM ratings WHERE ticket_id = $1", fact.event.ticket_id)
    return Fact(msgspec.structs.replace(fact.event, rating_id=row["rating_id"]), fact.envelope)


async def _enter(world: World, act: Rate | Refuse) -> None:
    stores = world.service.app.state.stores  # type: ignore[attr-defined]
    async with world.service.database.transaction() as transaction:
        work = stores.evaluations(transaction)
        if isinstance(act, Rate):
            opinion = Opinion(act.level, solved=True, redo_requested=act.redo_requested, via="phone")
            await rate_handling(work, RatingOrder(act.ticket_id, None, opinion), PERSON)
        else:
            held = (await work.hold([act.ticket_id]))[act.ticket_id]
            await record_attempt(work, held.open_follow_up.follow_up_id, "refused", PERSON)


async def _first_policy() -> list[Fact[Any]]:
    """What is there from the beginning, and what calls that people enter go by."""
    tape = Tape()
    await World.policy(tape)  # type: ignore[arg-type]
    return [item for line in tape.lines.values() for item in line if isinstance(item, Fact)]


async def _tables(world: World) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: await world.rows(f"SELECT to_jsonb(t) - '{chance}' AS t FROM {name} t ORDER BY 1")
        for name, chance in TABLES.items()
    }
    items = await world.rows("SELECT ticket_id, item FROM history ORDER BY ticket_id, seq")
    found["history"] = [(row["ticket_id"], _without_chance(orjson.loads(row["item"]))) for row in items]
    sent = await world.rows("SELECT key, headers FROM outbox ORDER BY key, id")
    found["outbox"] = [(row["key"], dict(orjson.loads(row["headers"]))["ce_sequence"]) for row in sent]
    stores = world.service.app.state.stores  # type: ignore[attr-defined]
    async with world.service.database.reading() as connection:
        reader = stores.scorecards(connection)
        found["scorecard"] = await draw_scorecard(reader, Month(2026, 3), None, PERSON, NOW)
    return found


def _without_chance(item: dict[str, Any]) -> dict[str, Any]:
    del item["event_id"]
    item["data"].pop("rating_id", None)
    return item


@pytest.fixture
async def town(new_world: Any) -> Any:
    world = await new_world()
    world.clock.set(NOW)
    tape = await recorded()
    in_order = await play(world, [item for line in tape.lines.values() for item in line], set())
    return world, tape, in_order


@pytest.mark.rule("N9")
# One world for all examples: each begins with empty tables.
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.randoms(use_true_random=False), cuts=st.sets(st.integers(0, 60)))
async def test_every_interleaving_of_topics_gives_the_same_tables(
    town: Any, order: Any, cuts: set[int]
) -> None:
    world, tape, in_order = town
    turns = [name for name, line in tape.lines.items() for _ in line]
    order.shuffle(turns)
    left = {name: iter(line) for name, line in tape.lines.items()}
    found = await play(world, [next(left[name]) for name in turns], cuts)
    for name, rows in in_order.items():
        assert found[name] == rows, name


async def test_the_lives_in_the_tape_reach_every_end(town: Any) -> None:
    _, _, in_order = town
    rows = [row["t"] for row in in_order["ratings"]]
    assert len(rows) == 4
    assert {orjson.loads(row)["state"] for row in rows} == {"formed", "replaced"}
    outcomes = {orjson.loads(row["t"])["outcome"] for row in in_order["follow_ups"]}
    assert outcomes == {"rated", "refused", "not_needed"}
    assert {orjson.loads(row["t"])["standing"] for row in in_order["due_tickets"]} == {
        "on_time",
        "late",
        "not_due",
    }
    assert {item.scored.unit for item in in_order["scorecard"].items} == {"u1", "u2"}
