"""The virtual clock while others go on writing: nothing it passed stays undone, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from .conftest import UNIT, City

FAR = datetime.fromisoformat("2026-06-01T12:00:00+08:00")


@asynccontextmanager
async def background(city: City) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(city.machine.run(stop))
    yield
    stop.set()
    await running


async def overdue_but_armed(city: City) -> int:
    async with city.machine.services["sla"].database.reading() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM clocks WHERE next_transition_at < $1", city.machine.clock.now()
        )
        return count


async def rows_left(city: City) -> int:
    left = 0
    for service in city.machine.services.values():
        async with service.database.reading() as connection:
            left += await connection.fetchval("SELECT count(*) FROM outbox")
    return left


async def test_a_dispatch_during_a_jump_left_its_passed_deadlines_undone(city: City) -> None:
    async with background(city):
        for _ in range(4):
            ticket = (await city.request())["ticket_id"]
            await city.machine.drain()
            target = city.machine.clock.now() + timedelta(days=60)
            jumping = asyncio.create_task(city.driver.move_to(target))
            await asyncio.sleep(0)
            assert (await city.act(ticket, "dispatch", {"lead": UNIT})).status == 200
            await jumping
            await city.driver.move_to(target)
            assert city.machine.clock.now() == target
            assert await overdue_but_armed(city) == 0


async def test_settled_was_said_while_the_background_still_moved(city: City) -> None:
    async with background(city):
        for _ in range(15):
            ticket = (await city.request())["ticket_id"]
            await city.machine.drain()
            assert await rows_left(city) == 0
            found = await city.client.get(f"/api/v1/tickets/{ticket}/clocks", token=city.token("auditor"))
            assert found["items"] == []


async def test_two_advances_at_once_lost_one_of_them(city: City) -> None:
    began = city.machine.clock.now()
    answers = await asyncio.gather(
        *(
            city.client.call("POST", "/dev/clock/advance", token="", body={"seconds": seconds})
            for seconds in (100, 50)
        )
    )
    assert [answer.status for answer in answers] == [200, 200]
    assert city.machine.clock.now() == began + timedelta(seconds=150)


async def test_a_clock_that_died_in_a_jump_goes_on_no_earlier_than_its_floors(city: City) -> None:
    """A floor was raised at a step, and the process died before anything else was remembered."""
    from hotline_local.machine import _past_floors

    step = city.machine.clock.now() + timedelta(hours=8)
    async with city.machine.services["routing"].database.reading() as connection:
        await connection.execute("UPDATE stamp_floor SET complete_before = $1", step)
    assert await _past_floors(city.machine.postgres, city.machine.clock.now()) == step
