"""What only the Kafka bus promises: how topics are kept, whose bus it is, and what foreign records look like."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer

from hotline_chassis.bus.kafka import BelongsElsewhere, KafkaBus, RecordTooLarge
from hotline_chassis.bus.port import NewRecord, Watermark
from hotline_chassis.clocks import RealTime
from hotline_chassis.testing.bus_lab import IMPATIENT, START, KafkaLab, Member, assigned, values

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.xdist_group("kafka")]

A, TEXTS = "a.facts", "intake.texts"
ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
async def lab(kafka_bootstrap: str) -> AsyncIterator[KafkaLab]:
    opened = await KafkaLab.open(kafka_bootstrap)
    await opened.bus.ensure_topics({A: 4})
    yield opened
    await opened.close()


def new(value: str, key: str = "t") -> NewRecord:
    return NewRecord(A, key.encode(), [], value.encode())


async def read(bus: KafkaBus, count: int) -> Member:
    member = await Member.join(bus, "readers", [A])
    async with asyncio.timeout(20):
        while len(member.records) < count:
            await member.step(limit=10_000, wait=1)
    return member


async def test_a_bus_is_bound_to_one_instance(lab: KafkaLab) -> None:
    assert await lab.bus.instance_id() is None
    await lab.bus.bind_instance(ONE)
    await lab.bus.bind_instance(ONE)
    with pytest.raises(BelongsElsewhere):
        await (await lab.another_process()).bind_instance(OTHER)
    assert await lab.bus.instance_id() == ONE


async def test_of_two_instances_that_claim_a_bus_at_once_one_gets_it(lab: KafkaLab) -> None:
    other = await lab.another_process()
    claims = [lab.bus.bind_instance(ONE), other.bind_instance(OTHER)]
    refused = [error for error in await asyncio.gather(*claims, return_exceptions=True) if error]
    assert len(refused) == 1
    assert isinstance(refused[0], BelongsElsewhere)
    assert await lab.bus.instance_id() == await other.instance_id()


async def test_processes_that_start_together_make_one_set_of_topics(lab: KafkaLab) -> None:
    namespace = f"{lab.namespace}together."
    buses = await asyncio.gather(
        *(
            KafkaBus.connect(lab.bootstrap, RealTime(), namespace=namespace, settings=IMPATIENT)
            for _ in range(4)
        )
    )
    await asyncio.gather(*(bus.ensure_topics({A: 4, "b.facts": 2}) for bus in buses))
    assert len({await bus.incarnation(A) for bus in buses}) == 1
    for bus in buses:
        await bus.close()


async def test_facts_are_kept_for_ever_and_texts_as_their_newest(lab: KafkaLab) -> None:
    await lab.bus.ensure_topics({TEXTS: 4})
    facts, texts, marks = [await lab.configuration(t) for t in (A, TEXTS, "control.watermarks")]
    for kept in (facts, texts, marks):
        assert kept["retention.ms"] == kept["retention.bytes"] == "-1"
        assert kept["unclean.leader.election.enable"] == "false"
    assert [kept["cleanup.policy"] for kept in (facts, texts, marks)] == ["delete", "compact", "compact"]


async def test_a_foreign_record_without_key_or_header_values_has_the_ports_types(lab: KafkaLab) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=lab.bootstrap)
    await producer.start()
    await producer.send_and_wait(f"{lab.namespace}{A}", b"x", headers=[("empty", None), ("h", b"1")])
    await producer.stop()
    (found,) = (await read(lab.bus, 1)).records
    assert (found.key, found.headers, found.value) == (b"", [("empty", b""), ("h", b"1")], b"x")


async def test_an_append_larger_than_a_batch_keeps_its_order(lab: KafkaLab) -> None:
    many = [new(f"{n}" * 100) for n in range(9_000)]
    large = [new(str(n) * 400_000) for n in range(5)]
    await lab.bus.append([*many, *large])
    member = await read(lab.bus, len(many) + len(large))
    assert values(member.records) == [record.value for record in [*many, *large]]


async def test_a_record_that_no_broker_takes_is_refused_and_blocks_nobody(lab: KafkaLab) -> None:
    good = asyncio.create_task(lab.bus.append([new("good")]))
    with pytest.raises(RecordTooLarge):
        await lab.bus.append([new("first"), new("x" * 1_000_000)])
    await good
    assert values((await read(lab.bus, 1)).records) == [b"good"]


@pytest.mark.parametrize("back_to", [None, 1], ids=["read-on", "sought-back"])
async def test_what_came_after_a_fetch_was_cut_off_is_neither_lost_nor_misplaced(
    lab: KafkaLab, back_to: int | None
) -> None:
    """The client's own wait outlives the fetch; its records are the next ones unless somebody sought."""
    await lab.bus.append([new(str(n)) for n in range(3)])
    (partition,) = [p for p, end in (await lab.bus.end_offsets([A])).items() if end]
    reader = await assigned(lab.bus, "readers", [A])
    reader.seek(partition, 0)
    async with asyncio.timeout(10):
        assert len(await reader.fetch(100, 5)) == 3
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.fetch(100, 30), 0.2)
    await lab.bus.append([new("3")])
    (opened,) = lab.bus._readers
    assert opened._arrivals._task is not None
    async with asyncio.timeout(10):
        await asyncio.wait([opened._arrivals._task])

    if back_to is not None:
        reader.seek(partition, back_to)
    found: list[int] = []
    async with asyncio.timeout(10):
        while not found or found[-1] != 3:
            found += [record.offset for record in await reader.fetch(100, 1)]
    assert found == list(range(3 if back_to is None else back_to, 4))


async def test_forgotten_watermarks_are_forgotten_by_every_process(lab: KafkaLab) -> None:
    other = await lab.another_process()
    late = Watermark(A, START + timedelta(days=9), (9, 9, 9, 9))
    early = Watermark(A, START, (1, 1, 1, 1))
    await lab.bus.publish_watermark(late)
    assert await other.watermark(A) == late
    await lab.bus.forget_watermarks()
    assert await lab.bus.watermark(A) is None
    await lab.bus.publish_watermark(early)
    assert await lab.bus.watermark(A) == early
    async with asyncio.timeout(5):
        while await other.watermark(A) != early:
            await lab.pass_time(timedelta())
    assert await (await lab.another_process()).watermark(A) == early


async def test_an_own_publication_is_known_at_once(lab: KafkaLab) -> None:
    await lab.bus.watermark(A)
    for second in range(50):
        mark = Watermark(A, START + timedelta(seconds=second), (second,) * 4)
        await lab.bus.publish_watermark(mark)
        assert await lab.bus.watermark(A) == mark


async def test_everything_below_the_ends_is_read_without_a_group(lab: KafkaLab) -> None:
    await lab.bus.append([new(f"{n}", f"t{n % 9}") for n in range(3_000)])
    ends = await lab.bus.end_offsets([A])
    await lab.bus.append([new("later", f"t{n}") for n in range(9)])
    found = [record async for record in lab.bus.everything_below(ends)]
    assert sorted(found, key=lambda r: (r.partition, r.offset)) == sorted(
        (record for record in (await read(lab.bus, 3_009)).records if record.value != b"later"),
        key=lambda r: (r.partition, r.offset),
    )
    assert len(found) == 3_000
