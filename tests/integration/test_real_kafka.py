"""What the design takes for granted about Kafka and aiokafka, shown against a real broker."""

import asyncio
import os
import signal
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import IllegalStateError, InvalidTimestampError

from hotline_chassis.testing.kafka import LocalBroker, run_script

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.xdist_group("kafka")]

PARTITIONS = 4
TICKETS = [f"T{number:02d}" for number in range(12)]
FACTS_EACH = 5
TWO_HOURS_MS = 7_200_000

Result = TypeVar("Result")
Client = TypeVar("Client", AIOKafkaProducer, AIOKafkaConsumer)
Record: TypeAlias = "ConsumerRecord[bytes, bytes]"


async def within(awaitable: Awaitable[Result], seconds: float = 20) -> Result:
    """aiokafka waits without end where a broker is gone; a test does not."""
    return await asyncio.wait_for(awaitable, seconds)


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  aiokafka tells of assignments by their state only
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(client: Client) -> AsyncIterator[Client]:
    try:
        await within(client.start())
        yield client
    finally:
        await within(client.stop())


def make_producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")


def make_member(bootstrap: str, topic: str, group: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=200,
        metadata_max_age_ms=1_000,
    )


async def make_topic(bootstrap: str) -> str:
    topic = f"facts-{uuid.uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await within(admin.start())
        answer = await within(admin.create_topics([NewTopic(topic, PARTITIONS, 1)]))
    finally:
        await within(admin.close())
    assert [error for _, error, *_ in answer.topic_errors] == [0]
    return topic


async def send_facts(producer: AIOKafkaProducer, topic: str, numbers: Sequence[int]) -> None:
    for number in numbers:
        for ticket in TICKETS:
            headers = [("ce_id", f"{ticket}-{number}".encode()), ("ce_type", b"ticket.moved")]
            await within(
                producer.send_and_wait(topic, str(number).encode(), key=ticket.encode(), headers=headers)
            )


async def read(member: AIOKafkaConsumer, count: int) -> list[Record]:
    records: list[Record] = []
    async with asyncio.timeout(20):
        while len(records) < count:
            batches = await member.getmany(timeout_ms=200)
            records += [record for batch in batches.values() for record in batch]
    return records


async def commit(member: AIOKafkaConsumer, records: Sequence[Record]) -> dict[TopicPartition, int]:
    """Commit what was handled, partition by partition; a bare commit() would cover what was only fetched."""
    handled: dict[TopicPartition, int] = defaultdict(int)
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        handled[partition] = max(handled[partition], record.offset + 1)
    for partition, position in handled.items():
        await within(member.commit({partition: position}))
    return handled


def by_ticket(records: Sequence[Record]) -> dict[str, list[int]]:
    facts: dict[str, list[int]] = defaultdict(list)
    for record in records:
        assert record.key is not None
        assert record.value is not None
        facts[record.key.decode()].append(int(record.value))
    return dict(facts)


def places(records: Sequence[Record]) -> set[tuple[int, int]]:
    return {(record.partition, record.offset) for record in records}


def test_starting_twice_gives_one_broker_and_prints_only_its_address(local_broker: LocalBroker) -> None:
    first = local_broker.start()
    pid = local_broker.pid()
    again = run_script("start", local_broker.folder)
    assert again.stdout == f"{first}\n"
    assert local_broker.pid() == pid
    assert run_script("address", local_broker.folder).stdout == f"{first}\n"


async def test_a_ticket_stays_in_one_partition_in_order_with_its_headers(kafka_bootstrap: str) -> None:
    topic = await make_topic(kafka_bootstrap)
    async with running(make_producer(kafka_bootstrap)) as producer:
        await send_facts(producer, topic, range(FACTS_EACH))
    async with running(make_member(kafka_bootstrap, topic, topic)) as member:
        records = await read(member, len(TICKETS) * FACTS_EACH)

    assert by_ticket(records) == {ticket: list(range(FACTS_EACH)) for ticket in TICKETS}
    assert len({(record.key, record.partition) for record in records}) == len(TICKETS)
    assert {record.partition for record in records} == set(range(PARTITIONS))
    for record in records:
        assert record.key is not None
        assert record.value is not None
        assert dict(record.headers)["ce_id"] == record.key + b"-" + record.value


async def test_a_new_member_resumes_at_the_commit_and_not_at_what_was_fetched(kafka_bootstrap: str) -> None:
    topic = await make_topic(kafka_bootstrap)
    async with running(make_producer(kafka_bootstrap)) as producer:
        await send_facts(producer, topic, range(FACTS_EACH))
    async with running(make_member(kafka_bootstrap, topic, topic)) as member:
        everything = await read(member, len(TICKETS) * FACTS_EACH)
        handled = await commit(member, everything[: len(everything) // 2])

    rest = [
        record
        for record in everything
        if record.offset >= handled.get(TopicPartition(topic, record.partition), 0)
    ]
    async with running(make_member(kafka_bootstrap, topic, topic)) as successor:
        again = await read(successor, len(rest))

    assert rest
    assert places(again) == places(rest)


async def test_a_second_member_takes_half_of_the_partitions(kafka_bootstrap: str) -> None:
    topic = await make_topic(kafka_bootstrap)
    async with running(make_member(kafka_bootstrap, topic, topic)) as first:
        await until(lambda: len(first.assignment()) == PARTITIONS)
        async with running(make_member(kafka_bootstrap, topic, topic)) as second:
            await until(lambda: len(first.assignment()) == len(second.assignment()) == PARTITIONS // 2)
            assert not first.assignment() & second.assignment()
        await until(lambda: len(first.assignment()) == PARTITIONS)


async def test_a_commit_of_a_partition_that_went_to_another_member_is_refused(kafka_bootstrap: str) -> None:
    topic = await make_topic(kafka_bootstrap)
    async with running(make_member(kafka_bootstrap, topic, topic)) as first:
        await until(lambda: len(first.assignment()) == PARTITIONS)
        before = first.assignment()
        async with running(make_member(kafka_bootstrap, topic, topic)) as second:
            await until(lambda: len(first.assignment()) == len(second.assignment()) == PARTITIONS // 2)
            lost = next(iter(before - first.assignment()))
            with pytest.raises(IllegalStateError, match="is not assigned"):
                await within(first.commit({lost: 1}))


async def test_a_record_stamped_more_than_an_hour_ahead_is_refused(kafka_bootstrap: str) -> None:
    topic = await make_topic(kafka_bootstrap)
    async with running(make_producer(kafka_bootstrap)) as producer:
        sent = await within(producer.send_and_wait(topic, b"now", partition=0))
        assert sent.timestamp is not None
        with pytest.raises(InvalidTimestampError):
            await within(
                producer.send_and_wait(
                    topic, b"ahead", partition=0, timestamp_ms=sent.timestamp + TWO_HOURS_MS
                )
            )


async def test_a_broker_killed_and_started_again_has_lost_nothing(local_broker: LocalBroker) -> None:
    bootstrap = await asyncio.to_thread(local_broker.start)
    topic = await make_topic(bootstrap)
    async with running(make_producer(bootstrap)) as producer:
        await send_facts(producer, topic, range(FACTS_EACH))
        async with running(make_member(bootstrap, topic, topic)) as member:
            before = await read(member, len(TICKETS) * FACTS_EACH)
            await commit(member, before)

        os.kill(local_broker.pid(), signal.SIGKILL)
        sent_into_the_gap = [
            await within(producer.send(topic, b"5", key=ticket.encode())) for ticket in TICKETS
        ]
        assert await asyncio.to_thread(local_broker.start) == bootstrap
        await within(asyncio.gather(*sent_into_the_gap), 40)

    async with running(make_member(bootstrap, topic, topic)) as successor:
        after = await read(successor, len(TICKETS))
    async with running(make_member(bootstrap, topic, f"{topic}-from-the-start")) as newcomer:
        everything = await read(newcomer, len(before) + len(after))

    assert by_ticket(after) == {ticket: [FACTS_EACH] for ticket in TICKETS}
    assert by_ticket(everything) == {ticket: list(range(FACTS_EACH + 1)) for ticket in TICKETS}
    assert places(everything) == places(before) | places(after)
