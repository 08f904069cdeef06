"""The relay: order, one at a time, outages, and what a watermark promises."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from hotline_chassis.bus.port import BusUnavailable, NewRecord, Record
from hotline_chassis.relay import Relay, RelayLockHeld

from .conftest import NOON, TOPIC, Plant, ticket


async def on_the_bus(plant: Plant) -> list[Record]:
    reader = await plant.bus.reader("observer", [TOPIC])
    for partition in reader.assignment():
        reader.seek(partition, 0)
    records = await reader.fetch(10_000, 0)
    await reader.close()
    return records


def sequences(records: Sequence[Record], number: int) -> list[int]:
    key = str(ticket(number)).encode()
    return [int(dict(record.headers)["ce_sequence"]) for record in records if record.key == key]


async def outbox_rows(plant: Plant) -> int:
    async with plant.publisher.reading() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM outbox")
        return count


async def test_rows_travel_in_order_and_leave_the_outbox(plant: Plant) -> None:
    for _ in range(5):
        await plant.publish(1, 2, 3)
    relay = await plant.relay()
    assert await relay.step() == 15
    assert await relay.step() == 0
    await relay.close()
    records = await on_the_bus(plant)
    assert [sequences(records, number) for number in (1, 2, 3)] == [[1, 2, 3, 4, 5]] * 3
    assert await outbox_rows(plant) == 0


async def test_more_rows_than_one_batch_are_all_moved(plant: Plant) -> None:
    await plant.publish(*range(2500))
    relay = await plant.relay()
    assert await relay.step() == 2500
    await relay.close()


async def test_a_second_relay_is_refused_and_takes_over_when_the_first_one_is_gone(plant: Plant) -> None:
    first = await plant.relay()
    with pytest.raises(RelayLockHeld):
        await plant.relay()
    await first.close()
    second = await plant.relay()
    assert second.active
    await second.close()


async def test_two_relays_never_reorder_a_ticket(plant: Plant) -> None:
    """One is cut off in the middle of its work, again and again, while the other one waits to take over."""
    stop = asyncio.Event()
    relays = [_new_relay(plant), _new_relay(plant)]
    running = [asyncio.create_task(relay.run(stop)) for relay in relays]
    for round_number in range(12):
        await plant.publish(*range(8))
        if round_number % 3 == 2:
            await _kill_lock_holder(plant)
    async with asyncio.timeout(20):
        while await outbox_rows(plant):
            await plant.publish()
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.gather(*running)
    for relay in relays:
        await relay.close()
    records = await on_the_bus(plant)
    for number in range(8):
        seen = list(dict.fromkeys(sequences(records, number)))
        assert seen == list(range(1, 13))


def _new_relay(plant: Plant, *, batch: int = 1000) -> Relay:
    return Relay(
        plant.publisher_dsn,
        plant.bus,
        topics=[TOPIC],
        clock=plant.clock,
        system_clock=_real_time(),
        wake=plant.publisher.outbox_written,
        batch=batch,
    )


def _real_time() -> Any:
    from hotline_chassis.clocks import RealTime

    return RealTime()


async def _kill_lock_holder(plant: Plant) -> None:
    async with plant.publisher.reading() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
        )


async def test_an_append_whose_answer_is_lost_is_repeated_not_skipped(plant: Plant) -> None:
    await plant.publish(1, 2)
    relay = await plant.relay()
    append = plant.bus.append

    async def append_but_lose_the_answer(records: Sequence[NewRecord]) -> None:
        await append(records)
        raise BusUnavailable("no answer")

    plant.bus.append = append_but_lose_the_answer  # type: ignore[method-assign]
    with pytest.raises(BusUnavailable):
        await relay.step()
    assert await outbox_rows(plant) == 2
    plant.bus.append = append  # type: ignore[method-assign]
    assert await relay.step() == 2
    await relay.close()
    assert sequences(await on_the_bus(plant), 1) == [1, 1]


async def test_what_was_looked_up_during_an_append_that_failed_stays_behind_it(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next rows are read while a full batch is under way; when that fails, they must not go ahead of it."""
    for _ in range(10):
        await plant.publish(1, 2)
    relay = _new_relay(plant, batch=4)
    await relay.start()
    append, calls = plant.bus.append, iter(range(100))

    async def every_third_fails(records: Sequence[NewRecord]) -> None:
        if next(calls) % 3 == 1:
            raise BusUnavailable("away")
        await append(records)

    monkeypatch.setattr(plant.bus, "append", every_third_fails)
    while await outbox_rows(plant):
        with contextlib.suppress(BusUnavailable):
            await relay.step()
    monkeypatch.undo()
    await relay.close()
    assert relay.moved == 20
    records = await on_the_bus(plant)
    assert [sequences(records, number) for number in (1, 2)] == [list(range(1, 11))] * 2


async def test_a_row_that_commits_late_was_overtaken_by_its_own_tickets_next_fact(plant: Plant) -> None:
    relay, stop = await plant.relay(), asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    for number in range(1, 20, 2):
        async with plant.publisher.transaction() as slow:
            await plant.announce(slow, number)
            await slow.flush()
            slow._announced.clear()
            await plant.publish(number + 1)
            await _until_outbox_is_empty(plant)
        await plant.publish(number)
        await _until_outbox_is_empty(plant)
    stop.set()
    await running
    await relay.close()
    records = await on_the_bus(plant)
    assert [sequences(records, number) for number in range(1, 20, 2)] == [[1, 2]] * 10


async def test_an_older_transaction_hid_a_younger_one_that_still_held_a_lower_row(plant: Plant) -> None:
    """A snapshot without gaps below its xmax says nothing of those above: nobody is "quiet" by it."""
    relay = await plant.relay()
    async with plant.publisher.transaction() as older, plant.publisher.transaction() as younger:
        await plant.announce(younger, 1)
        await younger.flush()
        younger._announced.clear()
        await plant.announce(older, 2)
        await older.flush()
        older._announced.clear()
        await older.connection.execute("COMMIT; BEGIN")
        assert await relay.step() == 1
    await plant.publish(1)
    await relay.step()
    await relay.close()
    assert sequences(await on_the_bus(plant), 1) == [1, 2]


async def _until_outbox_is_empty(plant: Plant) -> None:
    async with asyncio.timeout(20):
        while await outbox_rows(plant):  # noqa: ASYNC110 - the relay has no event for it
            await asyncio.sleep(0.005)


async def test_a_row_that_commits_late_with_a_lower_id_is_not_left_behind(plant: Plant) -> None:
    relay = await plant.relay()
    async with plant.publisher.transaction() as slow:
        await plant.announce(slow, 1)
        await slow.flush()
        slow._announced.clear()
        await plant.publish(2)
        assert await relay.step() == 1
    assert await relay.step() == 1
    await relay.close()


async def test_a_watermark_waits_for_a_transaction_that_stamped_before_it(plant: Plant) -> None:
    relay = await plant.relay()
    connection = await asyncpg.connect(**plant.publisher_dsn)
    async with plant.publisher.transaction() as slow:
        await plant.announce(slow, 1)
        plant.clock.set(NOON + timedelta(minutes=1))
        publishing = asyncio.create_task(relay.publish_watermarks())
        done, _ = await asyncio.wait({publishing}, timeout=0.3)
        assert not done
        assert await plant.bus.watermark(TOPIC) is None
    assert await publishing == NOON + timedelta(minutes=1)
    mark = await plant.bus.watermark(TOPIC)
    assert mark is not None
    assert sum(mark.next_offsets) == 1, "the late fact lies below the watermark"
    await connection.close()
    await relay.close()


async def test_a_long_transaction_held_up_all_facts_and_not_only_the_watermark(plant: Plant) -> None:
    relay = await plant.relay()
    async with plant.publisher.transaction():
        publishing = asyncio.create_task(relay.publish_watermarks())
        done, _ = await asyncio.wait({publishing}, timeout=0.3)
        assert not done
        await plant.publish(1)
        assert await asyncio.wait_for(relay.step(), 5) == 1
        assert not publishing.done()
    await publishing
    mark = await plant.bus.watermark(TOPIC)
    assert mark is not None
    assert sum(mark.next_offsets) == 1
    await relay.close()


async def test_a_relay_whose_lock_connection_died_moves_nothing_more(plant: Plant) -> None:
    relay = await plant.relay()
    await plant.publish(1)
    await _kill_lock_holder(plant)
    with pytest.raises((RelayLockHeld, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await relay.step()
    assert await outbox_rows(plant) == 1
    assert not relay.active
    await relay.close()


async def test_a_watermark_was_not_fooled_by_an_older_transaction_that_hid_a_younger_one(
    plant: Plant,
) -> None:
    relay = await plant.relay()
    async with plant.publisher.transaction() as older, plant.publisher.transaction() as younger:
        await plant.announce(younger, 1)
        await older.connection.execute("COMMIT; BEGIN")
        plant.clock.set(NOON + timedelta(minutes=1))
        publishing = asyncio.create_task(relay.publish_watermarks())
        done, _ = await asyncio.wait({publishing}, timeout=0.3)
        assert not done
    await publishing
    mark = await plant.bus.watermark(TOPIC)
    assert mark is not None
    assert sum(mark.next_offsets) == 1
    await relay.close()
