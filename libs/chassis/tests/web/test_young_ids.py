"""A new id may be used at once: a service that has not heard of it yet waits for it a little."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from hotline_chassis.web.young_ids import PATIENCE, is_young, wait_for_young
from hotline_contracts.ids import act_id, derived_id
from hotline_contracts.problems import NotAllowedInState, NotFound

from .conftest import NOON, Sample, problem_of

AGES = [
    (timedelta(0), True),
    (timedelta(seconds=9), True),
    (timedelta(seconds=-9), True),
    (timedelta(seconds=10), True),
    (timedelta(seconds=10, milliseconds=1), False),
    (timedelta(seconds=-10, milliseconds=-1), False),
]


@pytest.mark.parametrize(("age", "young"), AGES)
def test_an_id_is_young_within_ten_seconds_of_business_time_either_side(age: timedelta, young: bool) -> None:
    assert is_young(act_id(NOON - age), NOON) is young


@pytest.mark.parametrize("value", [uuid4(), derived_id("x"), "20260201-000017", "", "x" * 40])
def test_nothing_else_is_young(value: object) -> None:
    assert not is_young(value, NOON)


async def insert(sample: Sample, item_id: UUID) -> None:
    async with sample.database.transaction() as work:
        await work.connection.execute("INSERT INTO item VALUES ($1, 'late', now(), 1)", item_id)


async def test_an_id_whose_fact_arrives_a_moment_later_is_found(sample: Sample) -> None:
    item_id = act_id(NOON)
    reading = asyncio.create_task(
        sample.client.get(f"/api/v1/items/{item_id}", headers=sample.token("auditor"))
    )
    await asyncio.wait([reading], timeout=0.1)
    assert not reading.done()
    await insert(sample, item_id)
    answer = await asyncio.wait_for(reading, 1)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')


async def test_a_write_waits_too_and_takes_effect_once(sample: Sample) -> None:
    item_id = act_id(NOON)
    headers = {**sample.token("agent"), "idempotency-key": "k"}
    writing = asyncio.create_task(
        sample.client.put(f"/api/v1/items/{item_id}", json={"title": "new"}, headers=headers)
    )
    await asyncio.wait([writing], timeout=0.1)
    await insert(sample, item_id)
    answer = await asyncio.wait_for(writing, 1)
    assert answer.json()["version"] == 2
    assert await sample.titles() == ["new"]


async def test_waiting_holds_no_connection(sample: Sample) -> None:
    waiting = [
        asyncio.create_task(
            sample.client.put(
                f"/api/v1/items/{act_id(NOON)}", json={"title": "x"}, headers=sample.token("agent")
            )
        )
        for _ in range(20)
    ]
    await asyncio.wait(waiting, timeout=0.05)
    await asyncio.wait_for(sample.create(), 1)
    for answer in await asyncio.gather(*waiting):
        problem_of(answer, "not-found")


async def test_an_old_id_is_not_waited_for(sample: Sample) -> None:
    answer = await asyncio.wait_for(
        sample.client.get(
            f"/api/v1/items/{act_id(NOON - timedelta(minutes=1))}", headers=sample.token("auditor")
        ),
        1,
    )
    problem_of(answer, "not-found")


class SteppedClock:
    """A system clock on which each look takes 200 ms more."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        self.seconds += 0.2
        return self.seconds


async def test_waiting_ends_after_two_seconds_with_a_last_look() -> None:
    clock = SteppedClock()
    looks: list[float] = []

    async def attempt() -> None:
        looks.append(clock.seconds)
        raise NotFound("没有这一项。")

    with pytest.raises(NotFound):
        await wait_for_young(attempt, [act_id(NOON)], now=lambda: NOON, system_clock=clock)
    assert PATIENCE <= clock.seconds <= PATIENCE + 0.3
    assert looks[-1] == clock.seconds


async def test_an_id_that_comes_at_the_last_look_is_found() -> None:
    clock = SteppedClock()

    async def attempt() -> str:
        if clock.seconds < PATIENCE:
            raise NotFound("没有这一项。")
        return "found"

    assert await wait_for_young(attempt, [act_id(NOON)], now=lambda: NOON, system_clock=clock) == "found"


class NotYet(NotAllowedInState):
    passing = True


@pytest.mark.parametrize(("refusal", "looks_wanted"), [(NotYet, 3), (NotAllowedInState, 1)])
async def test_a_passing_refusal_is_tried_again_whatever_the_ids_age(
    refusal: type[NotAllowedInState], looks_wanted: int
) -> None:
    clock = SteppedClock()
    looks = 0

    async def attempt() -> str:
        nonlocal looks
        looks += 1
        if looks < 3:
            raise refusal("rate", "none", [])
        return "rated"

    waiting = wait_for_young(attempt, [act_id(NOON.replace(year=2020))], now=lambda: NOON, system_clock=clock)
    if looks_wanted == 1:
        with pytest.raises(NotAllowedInState):
            await waiting
    else:
        assert await waiting == "rated"
    assert looks == looks_wanted


async def test_a_refusal_that_does_not_pass_in_time_is_the_answer() -> None:
    clock = SteppedClock()

    async def attempt() -> None:
        raise NotYet("rate", "none", [])

    with pytest.raises(NotYet):
        await wait_for_young(attempt, [], now=lambda: NOON, system_clock=clock)
    assert PATIENCE <= clock.seconds <= PATIENCE + 0.3
