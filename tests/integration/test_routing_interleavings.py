"""Topics know nothing of each other's order: whatever is read first, routing-svc ends with the same tables."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_contracts.events.base import Envelope, Fact
from hotline_contracts.events.registry import decode
from routing_svc.entrypoints.consumer import TOPICS, applying

from .routing_desk import MORNING, Desk, open_desk

LEVELS = (("dissatisfied", True), ("very_dissatisfied", False), ("satisfied", False), None)
"""One request for each: how its requester rated the first round, if at all."""


@pytest.fixture
async def desk(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await database_factory("routing_svc"), tmp_path) as opened:
        yield opened


@pytest.fixture
def facts(desk: Desk) -> dict[str, list[Fact[Any]]]:
    """Everything that the outside tells of four requests, by topic, each topic in its order."""
    told: list[Envelope] = []
    for minute, rating in enumerate(LEVELS):
        desk.clock.set(MORNING + timedelta(minutes=minute))
        accepted = desk.mint()
        told += [accepted.fact, accepted.text]
        if rating is not None:
            level, asks = rating
            told.append(desk.rating(accepted.ticket_id, level, redo_requested=asks))  # type: ignore[arg-type]
            told.append(desk.rating(accepted.ticket_id, "very_dissatisfied", round_=2))
    desk.clock.set(MORNING + timedelta(hours=1))
    return {topic: [_decoded(envelope) for envelope in told if envelope.topic == topic] for topic in TOPICS}


def _decoded(envelope: Envelope) -> Fact[Any]:
    fact = decode(envelope)
    assert fact is not None
    return fact


TABLES = ("tickets", "history", "first_ratings", "texts", "requester_keys", "outbox")


async def read(desk: Desk, batches: Iterable[list[Fact[Any]]]) -> dict[str, list[Any]]:
    """The tables after these batches were applied to empty ones."""
    database = desk.service.database
    async with database.transaction() as transaction:
        await transaction.connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    for batch in batches:
        async with database.transaction() as transaction:
            await applying(desk.service.app.state.stores)(transaction, batch)  # type: ignore[attr-defined]
    # The outbox counts its rows in the order of the day; what it says may not depend on that.
    return {
        table: await desk.rows(f"SELECT to_jsonb(t) - 'id' FROM {table} t ORDER BY to_jsonb(t) - 'id'")
        for table in TABLES
    }


@pytest.mark.rule("I3")
# One desk for all examples: each begins with empty tables.
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations([topic for topic in TOPICS for _ in range(6)]),
    cuts=st.sets(st.integers(1, 17)),
)
async def test_every_interleaving_of_topics_gives_the_same_tables(
    desk: Desk, facts: dict[str, list[Fact[Any]]], order: list[str], cuts: set[int]
) -> None:
    expected = await read(desk, facts.values())
    left = {topic: iter(told) for topic, told in facts.items()}
    sequence = [fact for topic in order if (fact := next(left[topic], None)) is not None]
    assert len(sequence) == sum(len(told) for told in facts.values())
    edges = [0, *sorted(cuts), len(sequence)]
    batches = [sequence[begin:end] for begin, end in pairwise(edges) if begin < end]
    assert await read(desk, batches) == expected
    assert [len(rows) for rows in expected.values()] == [4, 4, 3, 4, 4, 4]
