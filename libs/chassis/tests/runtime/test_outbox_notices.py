"""Between processes: whoever commits outbox rows wakes the relay; whoever has records to read reads them."""

import asyncio

from hotline_chassis.clocks import RealTime
from hotline_chassis.processes.health import Backlog
from hotline_chassis.processes.outbox_notices import telling_relay
from hotline_chassis.relay import Relay
from hotline_chassis.signals import Signal

from .conftest import TOPIC, Plant


def relay_of_another_process(plant: Plant, wake: Signal) -> Relay:
    return Relay(
        plant.publisher_dsn, plant.bus, topics=[TOPIC], clock=plant.clock, system_clock=RealTime(), wake=wake
    )


async def test_a_commit_wakes_the_relay_of_another_process(plant: Plant) -> None:
    wake = Signal()
    relay = relay_of_another_process(plant, wake)
    await relay.start()
    async with telling_relay(plant.publisher_dsn, plant.publisher.outbox_written):
        await plant.publish(1)
        assert await wake.wait(20)
        assert await relay.step() == 1
    await relay.close()


async def test_many_commits_are_few_notices_and_none_is_forgotten(plant: Plant) -> None:
    wake, heard = Signal(), 0
    relay = relay_of_another_process(plant, wake)
    await relay.start()
    async with telling_relay(plant.publisher_dsn, plant.publisher.outbox_written):
        for number in range(100):
            await plant.publish(number)
        moved = 0
        async with asyncio.timeout(30):
            while moved < 100:
                assert await wake.wait(20)
                heard += 1
                moved += await relay.step()
    assert heard <= 100
    await relay.close()


async def test_the_notice_during_which_the_connection_was_cut_was_never_sent(plant: Plant) -> None:
    wake = Signal()
    relay = relay_of_another_process(plant, wake)
    await relay.start()
    async with telling_relay(plant.publisher_dsn, plant.publisher.outbox_written):
        await plant.publish(1)
        assert await wake.wait(20)
        async with plant.publisher.reading() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'NOTIFY%'"
            )
        await plant.publish(2)
        assert await wake.wait(20)
    await relay.close()


async def test_a_relay_that_waits_for_the_lock_says_so_and_takes_over(plant: Plant) -> None:
    first, stop = await plant.relay(), asyncio.Event()
    second = relay_of_another_process(plant, Signal())
    running = asyncio.create_task(second.run(stop))
    async with asyncio.timeout(20):
        while not second.standby:  # noqa: ASYNC110 - the relay tells by its state only
            await asyncio.sleep(0)
        assert not second.active
        await first.close()
        while second.standby:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert second.active
    stop.set()
    await running
    await second.close()


async def test_a_consumer_that_leaves_its_records_lying_is_seen(plant: Plant) -> None:
    """Its loop goes round, its reader is stuck: nothing but the backlog shows it."""
    await plant.publish(1)
    relay = await plant.relay()
    await relay.step()
    consumer = await plant.reader()
    await consumer.step()
    backlog = Backlog(consumer, plant.bus)
    await backlog.look()
    assert backlog.seen_well == 1, "idle"
    await plant.publish(2)
    await relay.step()
    await backlog.look()
    await backlog.look()
    assert backlog.seen_well == 1, "stands though there is something to read"
    await consumer.step()
    await backlog.look()
    assert backlog.seen_well == 2, "moved"
    await consumer.close()
    await relay.close()
