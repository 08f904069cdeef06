"""The Kafka bus while its broker, or aiokafka itself, fails; the session's own broker is stopped and killed here."""

import asyncio
import gc
import logging
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hotline_chassis.bus.kafka import KafkaBus
from hotline_chassis.bus.kafka.log_limit import EVERY_S, LINES, limit_client_logs
from hotline_chassis.bus.port import BusUnavailable, LogShortened, NewRecord, Watermark
from hotline_chassis.clocks import RealTime
from hotline_chassis.testing.bus_lab import (
    IMPATIENT,
    START,
    KafkaLab,
    Member,
    MovedTime,
    assigned,
    by_key,
    values,
)
from hotline_chassis.testing.kafka import LocalBroker

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300), pytest.mark.xdist_group("kafka")]

A = "a.facts"
KEYS = [b"t%d" % n for n in range(8)]
QUICK = replace(IMPATIENT, request=2, send=3)


@pytest.fixture
async def lab(local_broker: LocalBroker) -> AsyncIterator[KafkaLab]:
    opened = await KafkaLab.open(await asyncio.to_thread(local_broker.start), QUICK)
    await opened.bus.ensure_topics({A: 4})
    yield opened
    await opened.close()


def facts(number: int) -> list[NewRecord]:
    return [NewRecord(A, key, [], b"%d" % number) for key in KEYS]


async def append_through(bus: KafkaBus, records: list[NewRecord]) -> int:
    """Append as a relay does: the same again until it is acknowledged; how often it was not."""
    failures = 0
    async with asyncio.timeout(60):
        while True:
            try:
                await bus.append(records)
            except BusUnavailable:
                failures += 1
                await asyncio.sleep(0.2)
            else:
                return failures


async def read_through(member: Member, count: int) -> None:
    """Read until every key has this many different values."""
    async with asyncio.timeout(60):
        while any(len(set(by_key(member.records).get(key, []))) < count for key in KEYS):
            try:
                await member.step(wait=0.2)
            except BusUnavailable:
                await asyncio.sleep(0.2)


@pytest.mark.parametrize("hard", [False, True], ids=["stopped", "killed"])
async def test_a_broker_that_comes_back_has_every_record_in_order(
    lab: KafkaLab, local_broker: LocalBroker, hard: bool, caplog: pytest.LogCaptureFixture
) -> None:
    began = asyncio.get_running_loop().time()
    member = await Member.join(await lab.another_process(QUICK), "readers", [A])
    mark = Watermark(A, START, (1, 1, 1, 1))
    await lab.bus.publish_watermark(mark)
    assert await lab.bus.watermark(A) == mark
    reading = asyncio.create_task(read_through(member, 60))
    for number in range(20):
        await append_through(lab.bus, facts(number))

    if hard:
        os.kill(local_broker.pid(), signal.SIGKILL)
    else:
        await asyncio.to_thread(local_broker.stop)
    appending = asyncio.create_task(append_through(lab.bus, facts(20)))
    await asyncio.wait([appending], timeout=QUICK.send + 2)
    assert not appending.done()
    await asyncio.to_thread(local_broker.start)
    assert await appending >= 1
    for number in range(21, 60):
        await append_through(lab.bus, facts(number))
    await reading

    for found in by_key(member.records).values():
        assert list(dict.fromkeys(found)) == [b"%d" % number for number in range(60)]
    later = Watermark(A, START + timedelta(seconds=1), (2, 2, 2, 2))
    await (await lab.another_process(QUICK)).publish_watermark(later)
    async with asyncio.timeout(20):
        while await lab.bus.watermark(A) != later:
            await lab.pass_time(timedelta())
    kinds = Counter((r.name, str(r.msg).split(" (and ")[0]) for r in caplog.records if "aiokafka" in r.name)
    # Clients of one process share the limit of their loggers.
    assert max(kinds.values()) <= LINES * (1 + (asyncio.get_running_loop().time() - began) / EVERY_S)


async def test_without_a_broker_nothing_is_left_of_a_bus(lab: KafkaLab, local_broker: LocalBroker) -> None:
    """What aiokafka's clients leave behind would go on asking for ever, and might send what was given up."""
    quiet = asyncio.all_tasks()
    bus = await KafkaBus.connect(lab.bootstrap, RealTime(), namespace=lab.namespace, settings=QUICK)
    reader = await assigned(bus, "readers", [A])
    await bus.append(facts(0))
    await bus.watermark(A)
    await asyncio.to_thread(local_broker.stop)
    with pytest.raises(BusUnavailable):
        await bus.append(facts(1))
    await reader.commit({(A, 0): 1})
    async with asyncio.timeout(20):
        await bus.close()
        with pytest.raises(BusUnavailable):
            await KafkaBus.connect(lab.bootstrap, RealTime(), namespace=lab.namespace, settings=QUICK)
    left = {task for task in asyncio.all_tasks() - quiet if not task.done()}
    if left:
        await asyncio.wait(left, timeout=1)
    mine = [task for task in left if not task.done()]
    await asyncio.to_thread(local_broker.start)
    gc.collect()
    assert mine == []


async def test_a_client_whose_fetches_hang_is_replaced_and_nothing_is_skipped(lab: KafkaLab) -> None:
    member = await Member.join(lab.bus, "readers", [A])
    await lab.bus.append(facts(0))
    await read_through(member, 1)
    (reader,) = lab.bus._readers
    assert reader._member is not None
    fetcher = reader._member._consumer._fetcher
    for task in [fetcher._fetch_task, *fetcher._pending_tasks]:
        task.cancel()  # from now on it asks for nothing, and says nothing

    await lab.bus.append(facts(1))
    await read_through(member, 2)

    assert reader.rebuilds == 1
    assert set(by_key(member.records)) == set(KEYS)
    for found in by_key(member.records).values():
        assert found == [b"0", b"1"]


async def test_an_idle_client_is_left_alone(lab: KafkaLab) -> None:
    member = await Member.join(lab.bus, "readers", [A])
    (reader,) = lab.bus._readers
    async with asyncio.timeout(20):
        for _ in range(3):
            await member.step(wait=QUICK.stall)
    assert reader.rebuilds == 0


async def test_a_commit_that_the_broker_refuses_is_counted_and_not_raised(lab: KafkaLab) -> None:
    # Expelled long before its next heartbeat: as a process that stood still, it knows of nothing.
    frozen = await lab.another_process(replace(QUICK, session=1.5, heartbeat=60))
    zombie = await Member.join(frozen, "group", [A])
    await lab.bus.append(facts(0))
    await read_through(zombie, 1)
    heir = await assigned(lab.bus, "group", [A])

    await zombie.commit()

    assert frozen.commits_ignored == 1
    assert await lab.committed("group") == {}
    await heir.close()


async def test_a_position_behind_the_log_stops_the_reader_loudly(lab: KafkaLab) -> None:
    reader = await assigned(lab.bus, "readers", [A])
    reader.seek((A, 1), 7)
    with pytest.raises(LogShortened, match="0 to 0, the next one wanted is 7"):
        async with asyncio.timeout(10):
            while True:
                await reader.fetch(10, 0.5)


async def test_records_gone_from_the_front_stop_the_reader_loudly(lab: KafkaLab) -> None:
    for number in range(5):
        await lab.bus.append([NewRecord(A, b"t", [], b"%d" % number)])
    (partition,) = [p for p, end in (await lab.bus.end_offsets([A])).items() if end]
    await lab.delete_records_before(partition, 3)
    member = await Member.join(lab.bus, "readers", [A])
    with pytest.raises(LogShortened, match="3 to 5, the next one wanted is 0"):
        async with asyncio.timeout(10):
            while True:
                await member.step(wait=0.5)
    assert values(member.records) == []


def test_only_a_few_lines_of_each_kind_are_logged_and_the_others_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = MovedTime()
    logger = logging.getLogger("aiokafka.made_for_this_test")
    limit_client_logs(clock)
    limit_client_logs(clock)
    for number in range(100):
        logger.error("Unable to connect to node %s", number)
    logger.error("Something else")
    assert len(caplog.messages) == LINES + 1
    clock.move(timedelta(seconds=EVERY_S))
    logger.error("Unable to connect to node %s", 100)
    assert caplog.messages[-1] == f"Unable to connect to node 100 (and {100 - LINES} more like this before)"
