"""Ratings over HTTP: what is stored, told and refused."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from hotline_contracts.canonical import GENESIS, chain_hash
from hotline_contracts.ids import act_id

WEEK = timedelta(days=7)


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:hotline:problem:")


@pytest.mark.rule("I3")
async def test_a_rating_without_a_redo_is_formed_at_once(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    answer = await world.rate(ticket, "basically_satisfied", via="phone")
    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in ("ticket_id", "round", "level", "solved", "redo_requested")} == {
        "ticket_id": str(ticket.id),
        "round": 1,
        "level": "basically_satisfied",
        "solved": True,
        "redo_requested": False,
    }
    assert body["formed_at"] is not None
    assert await world.types() == ["follow_up.opened", "rating.given", "follow_up.ended", "rating.formed"]
    formed = (await world.told())[-1]
    assert body["formed_at"] == formed.at.isoformat(timespec="microseconds").replace("+00:00", "Z")


@pytest.mark.rule("I3")
async def test_a_rating_that_asks_for_a_redo_waits_until_it_is_refused(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    body = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    assert body["formed_at"] is None
    assert (await world.types())[-1] == "follow_up.ended"
    await ticket.redo_refused(UUID(body["rating_id"]))
    await world.apply()
    assert (await world.types())[-1] == "rating.formed"
    [row] = await world.rows("SELECT state, stands_in FROM ratings")
    assert row == {"state": "formed", "stands_in": False}


@pytest.mark.rule("I3")
async def test_the_second_rating_takes_the_place_of_the_first(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "very_dissatisfied", redo_requested=True)).json()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await world.apply()
    second = await world.rate(ticket, "dissatisfied", solved=False)
    assert (second.status_code, second.json()["round"]) == (201, 2)
    assert second.json()["formed_at"] is not None
    rows = await world.rows("SELECT round, state FROM ratings ORDER BY round")
    assert rows == [{"round": 1, "state": "replaced"}, {"round": 2, "state": "formed"}]
    assert slug(await world.rate(ticket)) == (409, "already-rated")


@pytest.mark.rule("I3")
@pytest.mark.parametrize("ending", ["closed", "refused"])
async def test_the_first_rating_stands_if_a_second_one_never_comes(world: Any, ending: str) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await world.apply()
    if ending == "closed":
        await ticket.closed()
        await world.apply()
    else:
        [task] = await world.rows("SELECT follow_up_id FROM follow_ups WHERE outcome IS NULL")
        async with world.client() as client:
            await client.post(f"/api/v1/follow-ups/{task['follow_up_id']}/attempts", json={"outcome": ending})
    rows = await world.rows("SELECT round, state, stands_in FROM ratings")
    assert rows == [{"round": 1, "state": "formed", "stands_in": True}]
    assert (await world.types())[-2:] == ["follow_up.ended", "rating.formed"]


async def test_closing_ends_an_open_follow_up_and_lets_a_waiting_rating_stand(world: Any) -> None:
    unasked, undecided = world.ticket(), world.ticket()
    for ticket in (unasked, undecided):
        await ticket.in_follow_up()
    await world.rate(undecided, "dissatisfied", redo_requested=True)
    for ticket in (unasked, undecided):
        await ticket.closed()
    await world.apply()
    tasks = await world.rows("SELECT outcome FROM follow_ups ORDER BY outcome")
    assert [task["outcome"] for task in tasks] == ["not_needed", "rated"]
    assert await world.rows("SELECT state, stands_in FROM ratings") == [
        {"state": "formed", "stands_in": False}
    ]
    assert slug(await world.rate(unasked)) == (409, "not-allowed-in-state")


@pytest.mark.rule("I3")
@pytest.mark.parametrize("level", ["very_satisfied", "satisfied", "basically_satisfied"])
async def test_only_the_dissatisfied_can_ask_for_a_redo(world: Any, level: str) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    answer = await world.rate(ticket, level, redo_requested=True)
    assert slug(answer) == (422, "invalid-input")
    assert answer.json()["errors"][0]["pointer"] == "/redo_requested"


@pytest.mark.rule("I3")
async def test_no_second_redo_can_be_asked_for(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await world.apply()
    answer = await world.rate(ticket, "dissatisfied", redo_requested=True)
    assert slug(answer) == (422, "invalid-input")
    assert "一次为限" in answer.json()["errors"][0]["message"]


async def test_a_follow_up_may_be_named_and_must_be_the_tickets(world: Any) -> None:
    ticket, other = world.ticket(), world.ticket()
    for one in (ticket, other):
        await one.in_follow_up()
    tasks = {
        row["ticket_id"]: str(row["follow_up_id"]) for row in await world.rows("SELECT * FROM follow_ups")
    }
    assert slug(await world.rate(ticket, follow_up_id=tasks[other.id])) == (404, "not-found")
    assert (await world.rate(ticket, follow_up_id=tasks[ticket.id])).status_code == 201
    assert slug(await world.rate(ticket, follow_up_id=tasks[ticket.id])) == (409, "already-rated")


async def test_two_ratings_at_once_are_one_and_a_refusal(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    answers = await asyncio.gather(*(world.rate(ticket) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert (await world.types()).count("rating.given") == 1


async def test_a_rating_waits_for_an_approval_that_is_on_its_way_to_an_old_ticket(world: Any) -> None:
    ticket = world.ticket()
    await ticket.created()
    await ticket.dispatched()
    await world.apply()
    world.clock.set(world.clock.now() + WEEK)
    rating = asyncio.create_task(world.rate(ticket))
    await asyncio.wait([rating], timeout=0.1)
    assert not rating.done()
    await ticket.approved()
    await world.apply()
    assert (await asyncio.wait_for(rating, 2)).status_code == 201


async def test_the_second_rating_waits_for_the_second_approval(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    rating = asyncio.create_task(world.rate(ticket))
    await asyncio.wait([rating], timeout=0.1)
    assert not rating.done()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await world.apply()
    answer = await asyncio.wait_for(rating, 2)
    assert (answer.status_code, answer.json()["round"]) == (201, 2)


async def test_a_young_ticket_is_waited_for_and_an_unknown_old_one_is_not_found(world: Any) -> None:
    young = world.ticket()
    young.id = act_id(world.clock.now())
    rating = asyncio.create_task(world.rate(young))
    await asyncio.wait([rating], timeout=0.1)
    await young.in_follow_up()
    assert (await asyncio.wait_for(rating, 2)).status_code == 201
    unknown = world.ticket()
    unknown.id = uuid4()
    assert slug(await world.rate(unknown)) == (404, "not-found")


@pytest.mark.parametrize("role", ["agent", "dispatcher", "unit_leader", "auditor", "channel_client", "admin"])
async def test_who_does_not_ask_requesters_enters_no_ratings(world: Any, role: str) -> None:
    unit = "520400-D01" if role.startswith("unit") else None
    async with world.client(role, unit=unit) as client:
        answer = await client.post(world.ticket().path, json={"level": "satisfied", "solved": True})
        assert slug(answer) == (403, "forbidden")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"solved": True}, "/level"),
        ({"level": "happy", "solved": True}, "/level"),
        ({"level": "satisfied"}, "/solved"),
        ({"level": "satisfied", "solved": "yes"}, "/solved"),
        ({"level": "satisfied", "solved": True, "via": "letter"}, "/via"),
        ({"level": "satisfied", "solved": True, "note": "x"}, "/note"),
    ],
)
async def test_a_rating_that_is_not_one_is_refused_by_pointer(world: Any, body: Any, pointer: str) -> None:
    async with world.client() as client:
        answer = await client.post(world.ticket().path, json=body)
    assert slug(answer) == (422, "invalid-input")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_repeated_idempotency_key_rates_once(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    body = {"level": "satisfied", "solved": True}
    async with world.client() as client:
        answers = [
            await client.post(ticket.path, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)
        ]
    assert answers[0].json() == answers[1].json()
    assert (await world.types()).count("rating.given") == 1


@pytest.mark.rule("N4")
async def test_every_fact_is_a_row_of_the_tickets_chain_and_carries_its_hash(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    body = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    await ticket.redo_refused(UUID(body["rating_id"]))
    await world.apply()
    rows = await world.rows("SELECT * FROM history ORDER BY seq")
    facts = await world.told()
    assert [row["seq"] for row in rows] == [1, 2, 3, 4] == [fact.envelope.sequence for fact in facts]
    assert rows[0]["previous_hash"] == GENESIS
    for row, fact in zip(rows, facts, strict=True):
        item = orjson.loads(row["item"])
        assert row["hash"] == chain_hash(row["previous_hash"], row["item"]) == fact.event.hash
        assert (row["event_id"], row["type"], row["at"]) == (fact.event_id, fact.event.TYPE, fact.at)
        assert item["actor"]["sub"] == ("system" if row["seq"] in {1, 4} else item["actor"]["sub"])
        assert (fact.envelope.subject, fact.envelope.key) == (str(ticket.id), str(ticket.id))
    assert all(before["hash"] == after["previous_hash"] for before, after in pairwise(rows))
    assert all(before["at"] < after["at"] for before, after in pairwise(rows))
    [head] = await world.rows("SELECT version, last_at, last_hash FROM tickets")
    assert head == {"version": 4, "last_at": rows[-1]["at"], "last_hash": rows[-1]["hash"]}
