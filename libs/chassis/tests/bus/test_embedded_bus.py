"""What only the embedded bus promises: who may open it, and what survives what."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from hotline_chassis.bus.embedded import BelongsElsewhere, EmbeddedBus, HeldElsewhere, LayoutUnknown
from hotline_chassis.bus.port import BusUnavailable, LogShortened, NewRecord
from hotline_chassis.clocks import RealTime
from hotline_chassis.testing.bus_lab import Member, values
from hotline_chassis.testing.postgres import DatabaseFactory

A = "a.facts"
HEADERS = [("ce_type", b"intake.request.accepted.v1")]
ONE, OTHER = UUID(int=1), UUID(int=2)
SOON = timedelta(milliseconds=200)


def new(value: str, key: str = "t") -> NewRecord:
    return NewRecord(A, key.encode(), HEADERS, value.encode())


@pytest.fixture
async def dsn(database_factory: DatabaseFactory) -> dict[str, Any]:
    return await database_factory(None)


@pytest.fixture
async def outside(dsn: dict[str, Any]) -> AsyncIterator[asyncpg.Connection]:
    """A connection that is no part of the bus."""
    connection = await asyncpg.connect(**dsn)
    yield connection
    await connection.close()


async def alone(dsn: dict[str, Any]) -> EmbeddedBus:
    bus = await EmbeddedBus.connect(dsn, RealTime(), single_process=True, patience=SOON)
    await bus.ensure_topics({A: 4})
    return bus


async def assert_no_hole(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        """
        SELECT p.number, p.next_offset, count(r), min(r."offset"), max(r."offset") + 1 AS after_last
        FROM partitions p LEFT JOIN records r ON r.partition_id = p.id GROUP BY p.number, p.next_offset
        """
    )
    for row in rows:
        assert row["count"] == row["next_offset"] == (row["after_last"] or 0), row


async def test_a_bus_is_bound_to_one_instance(dsn: dict[str, Any]) -> None:
    bus = await alone(dsn)
    assert await bus.instance_id() is None
    await bus.bind_instance(ONE)
    await bus.bind_instance(ONE)
    with pytest.raises(BelongsElsewhere):
        await bus.bind_instance(OTHER)
    assert await bus.instance_id() == ONE
    await bus.close()


async def test_a_bus_of_another_layout_is_refused(dsn: dict[str, Any], outside: asyncpg.Connection) -> None:
    await (await alone(dsn)).close()
    await outside.execute("UPDATE layout SET version = 99")
    with pytest.raises(LayoutUnknown, match="99"):
        await alone(dsn)


async def test_processes_that_start_together_make_one_bus(dsn: dict[str, Any]) -> None:
    buses = await asyncio.gather(*(EmbeddedBus.connect(dsn, RealTime()) for _ in range(4)))
    await asyncio.gather(*(bus.ensure_topics({A: 4, "b.facts": 2}) for bus in buses))
    assert len({await bus.incarnation(A) for bus in buses}) == 1
    for bus in buses:
        await bus.close()


@pytest.mark.parametrize("first_alone", [True, False])
async def test_whoever_wants_the_bus_alone_does_not_share_it(dsn: dict[str, Any], first_alone: bool) -> None:
    first = await EmbeddedBus.connect(dsn, RealTime(), single_process=first_alone)
    with pytest.raises(HeldElsewhere):
        await EmbeddedBus.connect(dsn, RealTime(), single_process=not first_alone, patience=SOON)
    await first.close()
    second = await EmbeddedBus.connect(dsn, RealTime(), single_process=not first_alone, patience=SOON)
    await second.close()


async def test_alone_an_empty_fetch_asks_nobody(dsn: dict[str, Any]) -> None:
    bus = await EmbeddedBus.connect(dsn, RealTime(), single_process=True, size=1)
    await bus.ensure_topics({A: 4})
    member = await Member.join(bus, "readers", [A])
    await bus.append([new("1")])
    assert values(await member.step()) == [b"1"]
    async with bus._pool.acquire(), asyncio.timeout(2):
        # Nobody can query now, so whatever is answered was known.
        assert await member.step() == []
        await bus.append([new("2")])
        assert bus._catalogue.ends != {}
    assert values(await member.step()) == [b"2"]
    await bus.close()


@pytest.mark.parametrize("single_process", [True, False])
async def test_an_append_wakes_the_readers_of_its_process_without_a_poll(
    dsn: dict[str, Any], monkeypatch: pytest.MonkeyPatch, single_process: bool
) -> None:
    monkeypatch.setattr("hotline_chassis.bus.embedded.reader.POLL", 60)
    bus = await EmbeddedBus.connect(dsn, RealTime(), single_process=single_process)
    await bus.ensure_topics({A: 4})
    member = await Member.join(bus, "readers", [A])
    waiting = asyncio.create_task(member.step(wait=30))
    async with asyncio.timeout(5):
        await member.reader.fetch(1, 0)  # by now the other fetch waits
        await bus.append([new("1")])
        assert values(await waiting) == [b"1"]
    await bus.close()


@pytest.mark.parametrize("single_process", [True, False])
async def test_lost_connections_are_an_outage_and_nothing_more(
    dsn: dict[str, Any], outside: asyncpg.Connection, single_process: bool
) -> None:
    bus = await EmbeddedBus.connect(dsn, RealTime(), single_process=single_process)
    await bus.ensure_topics({A: 4})
    member = await Member.join(bus, "readers", [A])
    await bus.append([new("1")])
    assert values(await member.step(wait=2)) == [b"1"]
    await outside.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^bus'"
    )

    async with asyncio.timeout(20):
        for value in ("2", "3"):
            while True:
                try:
                    await bus.append([new(value)])
                except BusUnavailable:
                    continue
                break
        while len(member.records) < 3:
            try:
                await member.step(wait=1)
            except BusUnavailable:
                continue
    assert list(dict.fromkeys(values(member.records))) == [b"1", b"2", b"3"]
    await assert_no_hole(outside)
    await bus.close()


async def test_an_append_cut_off_before_its_end_is_an_outage_and_readers_see_what_became_of_it(
    dsn: dict[str, Any], outside: asyncpg.Connection
) -> None:
    """The end of the log is then unknown to the process that had it alone, until it has the claim again."""
    bus = await alone(dsn)
    member = await Member.join(bus, "readers", [A])
    await member.step()
    async with outside.transaction():
        await outside.execute("SELECT FROM partitions FOR UPDATE")
        with pytest.raises(BusUnavailable):  # patience ends while somebody else has the partition
            await bus.append([new("1")])
    assert not bus._writer.knows_all
    await bus.append([new("2")])
    assert bus._writer.knows_all
    assert values(await member.step()) == [b"2"]
    await assert_no_hole(outside)
    await bus.close()


async def test_a_hole_in_the_log_stops_the_reader_loudly(
    dsn: dict[str, Any], outside: asyncpg.Connection
) -> None:
    bus = await alone(dsn)
    await bus.append([new(str(n)) for n in range(5)])
    await outside.execute('DELETE FROM records WHERE "offset" = 2')
    member = await Member.join(bus, "readers", [A])
    with pytest.raises(LogShortened):
        await member.step()
    await bus.close()


async def test_a_deleted_partition_never_swallows_an_append(
    dsn: dict[str, Any], outside: asyncpg.Connection
) -> None:
    """Another process made the topic anew: the records may not vanish in the old one."""
    bus = await EmbeddedBus.connect(dsn, RealTime())
    await bus.ensure_topics({A: 4})
    other = await EmbeddedBus.connect(dsn, RealTime())
    await other.delete_topic(A)
    await other.ensure_topics({A: 4})
    with pytest.raises(BusUnavailable):
        await bus.append([new("1")])
    await bus.append([new("1")])
    assert sum((await other.end_offsets([A])).values()) == 1
    await bus.close()
    await other.close()


_VICTIM = """
import asyncio, json, sys
from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.bus.port import NewRecord
from hotline_chassis.clocks import RealTime

async def main():
    bus = await EmbeddedBus.connect(json.loads(sys.argv[1]), RealTime(), single_process=True)
    await bus.ensure_topics({"a.facts": 4})
    await bus.reader("readers", ["a.facts"])
    async def write(writer):
        for n in range(100_000):
            await bus.append([NewRecord("a.facts", b"%d.%d" % (writer, m), [], b"%d" % n) for m in range(20)])
            print(writer, n, flush=True)
    await asyncio.gather(*(write(writer) for writer in range(4)))

asyncio.run(main())
"""


async def test_after_kill_9_all_that_was_answered_is_there_and_the_bus_opens_at_once(
    dsn: dict[str, Any], outside: asyncpg.Connection
) -> None:
    for lines in (7, 40):
        victim = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _VICTIM, json.dumps(dsn), stdout=asyncio.subprocess.PIPE
        )
        assert victim.stdout is not None
        answered: dict[int, int] = {}
        async with asyncio.timeout(30):
            for _ in range(lines):
                writer, n = map(int, (await victim.stdout.readline()).split())
                answered[writer] = n
            os.kill(victim.pid, signal.SIGKILL)
            await victim.wait()

            bus = await EmbeddedBus.connect(dsn, RealTime(), single_process=True)
            await assert_no_hole(outside)
            member = await Member.join(bus, "readers", [A])
            assert len(member.reader.assignment()) == 4  # the dead member's lease is not waited for
            while await member.step(limit=1000):
                pass
        last = {(r.key, r.value) for r in member.records}
        for writer, n in answered.items():
            assert {(b"%d.%d" % (writer, m), b"%d" % n) for m in range(20)} <= last
        await bus.close()
