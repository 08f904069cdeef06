"""Answers kept for idempotency keys do not stay for ever."""

import asyncio
from datetime import timedelta

from hotline_chassis.processes.stored_answers import forget_old_answers
from hotline_chassis.testing.bus_lab import START, MovedTime
from hotline_chassis.web.idempotency import KEEP

from .conftest import Plant

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


async def kept(plant: Plant) -> list[str]:
    async with plant.publisher.reading() as connection:
        return [
            row["scope"] for row in await connection.fetch("SELECT scope FROM idempotency ORDER BY scope")
        ]


async def test_whoever_has_the_turn_forgets_answers_older_than_seven_days(plant: Plant) -> None:
    async with plant.publisher.transaction() as transaction:
        for scope, stored_at in (("a week old", START - WEEK), ("older", START - WEEK - MOMENT)):
            await transaction.connection.execute(KEEP, scope, b"", 200, b"{}", b"", stored_at)
    stop, ours = asyncio.Event(), False
    forgetting = asyncio.create_task(
        forget_old_answers(plant.publisher, MovedTime(), stop, ours=lambda: ours)
    )
    await asyncio.sleep(0)
    stop.set()
    await forgetting
    assert await kept(plant) == ["a week old", "older"], "not ours to do"
    stop, ours = asyncio.Event(), True
    forgetting = asyncio.create_task(
        forget_old_answers(plant.publisher, MovedTime(), stop, ours=lambda: ours)
    )
    async with asyncio.timeout(20):
        while len(await kept(plant)) > 1:  # noqa: ASYNC110 - the loop under test raises no event
            await asyncio.sleep(0)
    stop.set()
    await forgetting
    assert await kept(plant) == ["a week old"]
