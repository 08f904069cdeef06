"""The trace of a request goes with its facts, and with what follows from them in other services."""

import asyncio
from collections.abc import Sequence

import pytest

from hotline_chassis.bus.port import NewRecord
from hotline_chassis.consumer import Consumer
from hotline_chassis.database import Database, Transaction, unpack_headers
from hotline_chassis.tracing import current_trace, enter_trace, traces_by_key
from hotline_contracts.events.base import Envelope, Event, Fact, encode
from hotline_contracts.ids import derived_id

from .conftest import NOON, TOPIC, Plant, approved, ticket

ONE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def told(number: int, sequence: int, traceparent: str | None) -> Envelope:
    subject = str(ticket(number))
    return Envelope(
        topic=TOPIC,
        key=subject,
        event_id=derived_id(subject, sequence),
        type=approved(number).TYPE,
        source="routing-svc",
        subject=subject,
        at=NOON,
        sequence=sequence,
        value=encode(approved(number)),
        traceparent=traceparent,
    )


async def traceparents(database: Database) -> list[str | None]:
    """What the outbox rows carry, in their order."""
    async with database.reading() as connection:
        rows = await connection.fetch("SELECT headers FROM outbox ORDER BY id")
    found = [dict(unpack_headers(row["headers"])).get("traceparent") for row in rows]
    return [None if given is None else given.decode() for given in found]


async def traced(work: Sequence[int], plant: Plant, received: str) -> str:
    """Publish as a request does that came with this traceparent; returns the request's own."""
    trace = enter_trace(received.encode())
    await plant.publish(*work)
    return trace.traceparent


async def test_a_fact_carries_the_trace_of_the_request_that_made_it(plant: Plant) -> None:
    own = await asyncio.create_task(traced([1, 2], plant, ONE))
    assert own[3:35] == ONE[3:35]
    assert own[36:52] != ONE[36:52]
    assert await traceparents(plant.publisher) == [own, own]


async def test_a_fact_outside_any_trace_has_no_such_header(plant: Plant) -> None:
    assert current_trace() is None
    await plant.publish(1)
    assert await traceparents(plant.publisher) == [None]


async def follow(plant: Plant, *facts: Envelope) -> list[str | None]:
    """Consume the facts in one batch, announce one fact for each, and look at those."""

    async def apply(transaction: Transaction, applied: Sequence[Fact[Event]]) -> None:
        for fact in applied:
            transaction.announce(
                approved(9),
                event_id=derived_id("follows", fact.event_id),
                subject=fact.envelope.subject,
                key=fact.envelope.key,
                sequence=fact.envelope.sequence,
                at=NOON,
            )

    consumer = Consumer(plant.consumer, plant.bus, group="sla-svc", topics=[TOPIC], apply=apply)
    await consumer.start()
    await plant.bus.append([NewRecord(e.topic, e.key.encode(), e.headers(), e.value) for e in facts])
    while await consumer.step():
        pass
    await consumer.close()
    return await traceparents(plant.consumer)


async def test_what_follows_from_a_fact_belongs_to_its_trace(plant: Plant) -> None:
    assert await follow(plant, told(1, 1, ONE), told(1, 2, ONE)) == [ONE, ONE]


async def test_the_trace_of_whoever_lets_a_consumer_step_is_not_that_of_its_facts(plant: Plant) -> None:
    async def stepping() -> list[str | None]:
        enter_trace(OTHER.encode())
        return await follow(plant, told(1, 1, ONE), told(2, 1, None))

    assert sorted(await asyncio.create_task(stepping()), key=str) == [ONE, None]


async def test_nobody_guesses_which_of_several_facts_was_the_cause(plant: Plant) -> None:
    assert await follow(plant, told(1, 1, ONE), told(1, 2, OTHER)) == [None, None]


@pytest.mark.parametrize("given", ["路", "00-xyz", ONE[:-1], ONE + "-1", "00-" + "0" * 32 + ONE[35:]])
async def test_a_traceparent_that_is_none_goes_no_further(plant: Plant, given: str) -> None:
    assert await follow(plant, told(1, 1, given)) == [None]


def test_each_key_has_the_one_trace_that_all_of_its_facts_share() -> None:
    facts = [told(1, 1, ONE), told(2, 1, ONE), told(1, 2, ONE), told(2, 2, None), told(3, 1, OTHER)]
    assert traces_by_key(facts) == {str(ticket(1)): ONE, str(ticket(3)): OTHER}
    assert traces_by_key([told(1, 1, None), told(1, 2, ONE), told(1, 3, ONE)]) == {}
