"""Behaviour of every bus: what is appended, and what is read back."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline_chassis.bus.port import (
    Bus,
    BusClosed,
    BusUnavailable,
    NewRecord,
    Record,
    TopicDiffers,
    UnknownTopic,
    Watermark,
)
from hotline_chassis.testing.bus_lab import START, BusLab, LosingAnswers, Member, assigned, by_key, values

A, B, REFERENCE = "a.facts", "b.facts", "reference.things"
HEADERS = [("ce_type", b"intake.request.accepted.v1")]


def new(key: str, value: str, topic: str = A) -> NewRecord:
    return NewRecord(topic, key.encode(), HEADERS, value.encode())


async def read(bus: Bus, count: int, topics: tuple[str, ...] = (A,), group: str = "readers") -> list[Record]:
    """Read exactly ``count`` records from the beginning, and see that there are no more."""
    member = await Member.join(bus, group, topics)
    async with asyncio.timeout(20):
        while len(member.records) < count:
            await member.step(wait=1)
    assert await member.step() == []
    await member.reader.close()
    assert len(member.records) == count
    return member.records


async def test_records_of_one_key_keep_their_order_in_one_partition(lab: BusLab) -> None:
    records = [new(f"ticket-{n % 7}", f"{n}") for n in range(300)]
    for start in range(0, 300, 50):
        await lab.bus.append(records[start : start + 50])

    found = await read(lab.bus, 300)

    assert by_key(found) == by_key([Record(A, 0, 0, r.key, r.headers, r.value) for r in records])
    homes = {(record.key, record.partition) for record in found}
    assert len(homes) == 7


async def test_a_key_has_the_same_partition_in_every_topic_of_equal_width(lab: BusLab) -> None:
    await lab.bus.append([new(f"t{n}", "x", topic) for n in range(20) for topic in (A, B)])
    found = await read(lab.bus, 40, (A, B))
    assert len({(record.key, record.partition) for record in found}) == 20


async def test_offsets_count_from_zero_without_holes(lab: BusLab) -> None:
    await lab.bus.append([new(f"t{n}", str(n)) for n in range(50)])
    await lab.bus.append([new(f"t{n}", str(n)) for n in range(50)])
    found = await read(lab.bus, 100)
    for number in range(4):
        offsets = [record.offset for record in found if record.partition == number]
        assert offsets == list(range(len(offsets)))


@pytest.mark.parametrize(
    "record",
    [
        NewRecord(
            A, b"\x00\xff", [("名", b"\xe5\x90\x8d"), ("raw", b"\xff\x00\xfe"), ("empty", b"")], b"\x00"
        ),
        NewRecord(A, b"k", [("twice", b"1"), ("twice", b"2")], b""),
        NewRecord(A, b"k", HEADERS, None),
        NewRecord(A, b"k", HEADERS, bytes(range(256)) * 1_000),
    ],
    ids=["bytes-that-are-no-text", "repeated-header", "tombstone", "large"],
)
async def test_a_record_comes_back_byte_for_byte(lab: BusLab, record: NewRecord) -> None:
    await lab.bus.append([record])
    (found,) = await read(lab.bus, 1)
    assert (found.key, found.headers, found.value) == (record.key, record.headers, record.value)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.binary(min_size=1, max_size=3), st.none() | st.binary()), max_size=6),
        max_size=6,
    )
)
async def test_any_batches_are_read_as_their_concatenation(
    lab: BusLab, batches: list[list[tuple[bytes, bytes | None]]]
) -> None:
    ends = await lab.bus.end_offsets([A])
    reader = await assigned(lab.bus, "property", [A])
    for partition in reader.assignment():
        reader.seek(partition, ends[partition])
    for batch in batches:
        await lab.bus.append([NewRecord(A, key, HEADERS, value) for key, value in batch])

    found: list[Record] = []
    while records := await reader.fetch(5, 0.3 if len(found) < sum(map(len, batches)) else 0):
        found.extend(records)
    await reader.close()

    everything = [(key, value) for batch in batches for key, value in batch]
    expected = by_key([Record(A, 0, 0, key, HEADERS, value) for key, value in everything])
    assert by_key(found) == expected


async def test_a_partition_gives_nothing_until_it_was_sought(lab: BusLab) -> None:
    await lab.bus.append([new(f"t{n}", str(n)) for n in range(40)])
    reader = await assigned(lab.bus, "readers", [A])
    assert await reader.fetch(100, 0.05) == []
    reader.seek((A, 2), 0)
    found = await reader.fetch(100, 1)
    assert {record.partition for record in found} == {2}


async def test_seeking_a_partition_of_somebody_else_is_refused(lab: BusLab) -> None:
    reader = await assigned(lab.bus, "readers", [A])
    with pytest.raises(ValueError, match="not assigned"):
        reader.seek((B, 0), 0)


async def test_seeking_back_gives_the_same_records_again(lab: BusLab) -> None:
    await lab.bus.append([new("t", str(n), REFERENCE) for n in range(10)])
    reader = await assigned(lab.bus, "readers", [REFERENCE])
    reader.seek((REFERENCE, 0), 0)
    first = await reader.fetch(100, 1)
    reader.seek((REFERENCE, 0), 4)
    assert await reader.fetch(100, 1) == first[4:]


async def test_a_replay_from_the_start_gives_identical_records(lab: BusLab) -> None:
    for n in range(20):
        await lab.bus.append([new(f"t{n % 5}", f"{n}.{m}", topic) for m in range(5) for topic in (A, B)])
    once = await read(lab.bus, 200, (A, B), "first")
    again = await read(await lab.another_process(), 200, (A, B), "second")
    place = lambda record: (record.topic, record.partition, record.offset)  # noqa: E731
    assert sorted(again, key=place) == sorted(once, key=place)


async def test_two_groups_do_not_see_each_other(lab: BusLab) -> None:
    one = await Member.join(lab.bus, "one", [A])
    two = await Member.join(lab.bus, "two", [A])
    await lab.bus.append([new(f"t{n}", str(n)) for n in range(20)])
    while len(one.records) < 20:
        await one.step(wait=1)
    await one.commit()
    await one.reader.close()
    while len(two.records) < 20:
        await two.step(wait=1)
    assert one.reader.assignment() == frozenset()
    assert two.reader.assignment() == {(A, n) for n in range(4)}
    assert await lab.committed("two") == {}


async def test_an_append_repeated_after_a_lost_answer_shows_twice_and_keeps_its_order(lab: BusLab) -> None:
    relay = LosingAnswers(lab.bus, answers=2)
    for start in range(0, 30, 10):
        batch = [new("ticket", str(n)) for n in range(start, start + 10)]
        while True:
            try:
                await relay.append(batch)
            except BusUnavailable:
                continue
            break
    found = values(await read(lab.bus, 50))
    assert list(dict.fromkeys(found)) == [str(n).encode() for n in range(30)]


async def test_a_later_offset_is_never_seen_before_an_earlier_one(lab: BusLab) -> None:
    """Many writers in two processes; the reader looks all the time."""
    processes = [lab.bus, await lab.another_process()]
    reader = Member(await (await lab.another_process()).reader("readers", [A, B]), {})
    rounds, writers = 12, 10

    async def write(writer: int) -> None:
        for n in range(rounds):
            size = 1 + (writer + n) % 4
            batch = [new(f"w{writer}", f"{n}.{m}", topic) for m in range(size) for topic in (A, B)]
            await processes[writer % 2].append(batch)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for writer in range(writers):
            group.create_task(write(writer))
        expected = sum(2 * (1 + (writer + n) % 4) for writer in range(writers) for n in range(rounds))
        while len(reader.records) < expected:
            await reader.step(limit=7, wait=0.3)

    for topic in (A, B):
        for number in range(4):
            offsets = [r.offset for r in reader.records if (r.topic, r.partition) == (topic, number)]
            assert offsets == list(range(len(offsets)))
        for key, found in by_key([r for r in reader.records if r.topic == topic]).items():
            writer = int(key[1:])
            sent = [f"{n}.{m}".encode() for n in range(rounds) for m in range(1 + (writer + n) % 4)]
            assert found == sent


async def test_end_offsets_are_where_the_next_records_go(lab: BusLab) -> None:
    assert await lab.bus.end_offsets([A]) == {(A, n): 0 for n in range(4)}
    await lab.bus.append([new("t", "1"), new("t", "2"), new("other", "1", REFERENCE)])
    ends = await (await lab.another_process()).end_offsets([A, REFERENCE])
    assert ends[REFERENCE, 0] == 1
    assert sorted(end for (topic, _), end in ends.items() if topic == A) == [0, 0, 0, 2]


async def test_an_incarnation_lasts_until_the_topic_is_made_anew(lab: BusLab) -> None:
    await lab.bus.append([new("t", "old", REFERENCE)])
    before = await lab.bus.incarnation(REFERENCE)
    await lab.bus.ensure_topics({REFERENCE: 1})
    assert await (await lab.another_process()).incarnation(REFERENCE) == before

    await lab.delete_topic(REFERENCE)
    await lab.bus.ensure_topics({REFERENCE: 1})

    assert await lab.bus.incarnation(REFERENCE) != before
    assert await lab.bus.end_offsets([REFERENCE]) == {(REFERENCE, 0): 0}
    assert await lab.bus.watermark(REFERENCE) is None
    await lab.bus.append([new("t", "new", REFERENCE)])
    assert values(await read(lab.bus, 1, (REFERENCE,))) == [b"new"]


async def test_a_topic_of_another_width_is_refused(lab: BusLab) -> None:
    with pytest.raises(TopicDiffers):
        await lab.bus.ensure_topics({A: 8})


async def test_an_unknown_topic_is_a_clear_error_everywhere(lab: BusLab) -> None:
    with pytest.raises(UnknownTopic):
        await lab.bus.append([new("t", "1"), new("t", "1", "nowhere")])
    with pytest.raises(UnknownTopic):
        await lab.bus.reader("readers", [A, "nowhere"])
    with pytest.raises(UnknownTopic):
        await lab.bus.incarnation("nowhere")
    with pytest.raises(UnknownTopic):
        await lab.bus.end_offsets(["nowhere"])
    with pytest.raises(UnknownTopic):
        await lab.bus.watermark("nowhere")
    with pytest.raises(UnknownTopic):
        await lab.bus.publish_watermark(Watermark("nowhere", START, (0,)))
    assert set((await lab.bus.end_offsets([A])).values()) == {0}


async def test_a_watermark_never_goes_back(lab: BusLab) -> None:
    other = await lab.another_process()
    assert await other.watermark(A) is None
    newest = Watermark(A, START + timedelta(seconds=5), (5, 6, 7, 8))
    await lab.bus.publish_watermark(Watermark(A, START, (1, 1, 1, 1)))
    await lab.bus.publish_watermark(newest)
    await other.publish_watermark(Watermark(A, START + timedelta(seconds=4), (4, 4, 4, 4)))
    assert await lab.bus.watermark(A) == newest
    async with asyncio.timeout(5):
        while await other.watermark(A) != newest:  # what another process published may take its time
            await lab.pass_time(timedelta(seconds=1))
    assert await lab.bus.watermark(A) == newest
    assert await lab.bus.watermark(B) is None


async def test_an_empty_append_is_nothing(lab: BusLab) -> None:
    await lab.bus.append([])
    assert set((await lab.bus.end_offsets([A])).values()) == {0}


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same-process", "other-process"])
async def test_a_waiting_fetch_returns_when_something_is_appended(lab: BusLab, elsewhere: bool) -> None:
    member = await Member.join(lab.bus, "readers", [A])
    bus = await lab.another_process() if elsewhere else lab.bus
    waiting = asyncio.create_task(member.step(wait=30))
    await asyncio.sleep(0)
    await bus.append([new("t", "1")])
    async with asyncio.timeout(5):
        assert values(await waiting) == [b"1"]


async def test_closing_a_reader_wakes_its_fetch(lab: BusLab) -> None:
    member = await Member.join(lab.bus, "readers", [A])
    waiting = asyncio.create_task(member.step(wait=30))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await member.reader.close()
        assert await waiting == []
    with pytest.raises(BusClosed):
        await member.reader.fetch(1, 0)


async def test_closing_the_bus_wakes_every_fetch_and_refuses_appends(lab: BusLab) -> None:
    members = [await Member.join(lab.bus, group, [A]) for group in ("one", "two")]
    waiting = [asyncio.create_task(member.step(wait=30)) for member in members]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await lab.bus.close()
        assert [await task for task in waiting] == [[], []]
    with pytest.raises(BusClosed):
        await lab.bus.append([new("t", "1")])


async def test_no_partition_starves_behind_a_long_one(lab: BusLab) -> None:
    await lab.bus.append([new("long", str(n)) for n in range(200)])
    await lab.bus.append([new(f"t{n}", str(n)) for n in range(40)])
    member = Member(await assigned(lab.bus, "readers", [A]), {})
    for _ in range(8):
        assert 0 < len(await member.step(limit=10, wait=5)) <= 10
    assert {record.partition for record in member.records} == {0, 1, 2, 3}
