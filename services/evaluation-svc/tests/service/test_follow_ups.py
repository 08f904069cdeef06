"""Follow-ups: opened by approvals, listed, attempted, ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.dialects.postgresql import dialect

from evaluation_svc.adapters.reading import follow_up_ids
from evaluation_svc.application.queries import FollowUpFilter
from hotline_contracts.events.evaluation import FollowUpEndedV1, FollowUpOpenedV1
from hotline_worktime.policy import POLICY_1

from .test_ratings import slug

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
MANY_OF_OTHERS = (
    """
    INSERT INTO tickets (ticket_id, ticket_no, version, last_hash)
    SELECT md5(n::text)::uuid, n::text, 0, '' FROM generate_series(1, 20000) n
    """,
    """
    INSERT INTO follow_ups (follow_up_id, ticket_id, round, unit, since, opened_at)
    SELECT md5(n::text)::uuid, md5(n::text)::uuid, 1, '520400-D' || 10 + n % 80,
        '2026-01-01Z'::timestamptz + n * interval '1 minute', '2026-01-01Z'
    FROM generate_series(1, 20000) n
    """,
    "ANALYZE follow_ups",
)


async def listed(world: Any, *roles: str, of: str | None = None, **query: Any) -> Any:
    async with world.client(*(roles or ("auditor",)), unit=of) as client:
        answer = await client.get("/api/v1/follow-ups", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def attempt(world: Any, task: str, outcome: str) -> Any:
    async with world.client() as client:
        return await client.post(f"/api/v1/follow-ups/{task}/attempts", json={"outcome": outcome})


@pytest.mark.rule("I3")
async def test_an_approved_reply_opens_a_follow_up_from_the_approvals_instant(world: Any) -> None:
    ticket = world.ticket()
    await ticket.created()
    await ticket.dispatched()
    await ticket.approved()
    approved_at = world.clock.now()
    world.clock.set(approved_at + DAY)  # consumed a day later
    await world.apply()
    [fact] = await world.told()
    assert isinstance(fact.event, FollowUpOpenedV1)
    assert (fact.event.since, fact.event.unit, fact.event.round) == (approved_at, ticket.unit, 1)
    assert fact.at == approved_at + DAY
    [item] = (await listed(world))["items"]
    assert (item["state"], item["ticket_no"], item["outcome"], item["rating"]) == (
        "open",
        ticket.no,
        None,
        None,
    )


async def test_a_derived_fact_is_the_same_in_a_rebuild(new_world: Any) -> None:
    ids = []
    for _ in range(2):
        world = await new_world()
        await world.ticket().in_follow_up()
        [fact] = await world.told()
        ids.append((fact.event_id, fact.event.follow_up_id))
    assert ids[0] == ids[1]


@pytest.mark.rule("I3")
async def test_a_third_call_in_vain_on_a_second_day_ends_it_as_unreachable(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    [task] = (await listed(world))["items"]
    for outcome in ("unreachable", "call_later"):
        answer = await attempt(world, task["follow_up_id"], outcome)
        assert (answer.status_code, answer.json()["state"]) == (201, "open")
    world.clock.set(world.clock.now() + DAY)
    shown = (await attempt(world, task["follow_up_id"], "unreachable")).json()
    assert (shown["state"], shown["outcome"], len(shown["attempts"])) == ("ended", "unreachable", 3)
    assert [one["attempt"] for one in shown["attempts"]] == [1, 2, 3]
    assert (await world.types())[-2:] == ["follow_up.attempted", "follow_up.ended"]
    assert slug(await attempt(world, task["follow_up_id"], "answered")) == (409, "not-allowed-in-state")
    assert slug(await world.rate(ticket)) == (409, "not-allowed-in-state")


@pytest.mark.rule("I3")
@pytest.mark.parametrize("outcome", ["refused", "wrong_number"])
async def test_a_refusal_and_a_wrong_number_end_it_at_once(world: Any, outcome: str) -> None:
    await world.ticket().in_follow_up()
    [task] = (await listed(world))["items"]
    shown = (await attempt(world, task["follow_up_id"], outcome)).json()
    assert (shown["state"], shown["outcome"]) == ("ended", outcome)
    assert (await listed(world))["items"] == [shown]


@pytest.mark.rule("T3")
@pytest.mark.parametrize("ending", ["rated", "refused"])
async def test_a_follow_up_seemed_to_end_a_microsecond_after_the_act_that_ended_it(
    world: Any, ending: str
) -> None:
    """Exactly at the deadline is in time, whatever else the act is told as."""
    ticket = world.ticket()
    await ticket.in_follow_up()
    [task] = (await listed(world))["items"]
    world.clock.set(world.clock.now() + DAY)
    if ending == "rated":
        await world.rate(ticket)
    else:
        await attempt(world, task["follow_up_id"], ending)
    [ended] = [fact for fact in await world.told() if isinstance(fact.event, FollowUpEndedV1)]
    assert (ended.event.ended_at, ended.at) == (world.clock.now(), world.clock.now() + MICROSECOND)
    [shown] = (await listed(world))["items"]
    assert datetime.fromisoformat(shown["ended_at"]) == world.clock.now()


async def test_an_answered_call_only_records(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    [task] = (await listed(world))["items"]
    for _ in range(5):
        assert (await attempt(world, task["follow_up_id"], "answered")).json()["state"] == "open"
    assert (await world.rate(ticket)).status_code == 201
    [shown] = (await listed(world, state="ended"))["items"]
    assert (shown["outcome"], shown["rating"]["level"]) == ("rated", "satisfied")


async def test_how_often_is_called_is_the_policys(world: Any) -> None:
    later = POLICY_1.model_copy(update={"version": 2, "effective_from": datetime(2026, 1, 1, tzinfo=UTC)})
    await world.policy(later, follow_up={"attempts": 1, "attempt_days": 1})
    await world.ticket().in_follow_up()
    [task] = (await listed(world))["items"]
    assert (await attempt(world, task["follow_up_id"], "unreachable")).json()["outcome"] == "unreachable"


async def test_attempts_without_a_task_or_with_an_unknown_outcome_are_refused(world: Any) -> None:
    missing = "00000000-0000-8000-8000-000000000000"
    assert slug(await attempt(world, missing, "answered")) == (404, "not-found")
    assert slug(await attempt(world, missing, "sang")) == (422, "invalid-input")


async def test_the_list_is_newest_first_filtered_and_paged(world: Any) -> None:
    tickets = [world.ticket(unit) for unit in ("520400-D01", "520400-D02", "520400-D01", "520400-D01")]
    for ticket in tickets:
        await ticket.in_follow_up()
        world.clock.set(world.clock.now() + DAY)
    await world.rate(tickets[0])

    def numbers(page: Any) -> list[str]:
        return [item["ticket_no"] for item in page["items"]]

    newest = [ticket.no for ticket in reversed(tickets)]
    assert numbers(await listed(world)) == newest
    assert numbers(await listed(world, state="open")) == newest[:3]
    assert numbers(await listed(world, state="ended")) == newest[3:]
    assert numbers(await listed(world, unit="520400-D02")) == [tickets[1].no]
    assert numbers(await listed(world, ticket_id=str(tickets[2].id))) == [tickets[2].no]
    first = await listed(world, limit=3)
    assert numbers(first) + numbers(await listed(world, limit=3, cursor=first["next"])) == newest


async def test_a_unit_sees_the_follow_ups_of_its_subtree_only(world: Any) -> None:
    await world.unit("520400-D0101", parent="520400-D01")
    for unit in ("520400-D01", "520400-D0101", "520400-D02"):
        await world.ticket(unit).in_follow_up()

    async def units(*roles: str, unit: str) -> set[str]:
        return {item["unit"] for item in (await listed(world, *roles, of=unit))["items"]}

    assert await units("unit_leader", unit="520400-D01") == {"520400-D01", "520400-D0101"}
    assert await units("unit_handler", unit="520400-D0101") == {"520400-D0101"}
    assert await units("unit_leader", unit="520400-D09") == set()
    assert len(await units("unit_leader", "reviewer", unit="520400-D09")) == 3


@pytest.mark.parametrize("beside", ["admin", "knowledge_editor", "channel_client"])
async def test_a_role_that_sees_no_follow_ups_opened_the_whole_city_to_a_units_person(
    world: Any, beside: str
) -> None:
    await world.ticket("520400-D01").in_follow_up()
    seen = await listed(world, "unit_handler", beside, of="520400-D02")
    assert seen["items"] == []


async def test_a_small_units_list_read_the_follow_ups_of_the_whole_city(world: Any) -> None:
    async with world.service.database.transaction() as transaction:
        for statement in MANY_OF_OTHERS:
            await transaction.connection.execute(statement)
    wanted = FollowUpFilter(state=None, unit=None, ticket_id=None, within="520400-D01", after=None)
    query = follow_up_ids(wanted, 51).compile(dialect=dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    plan = [row["QUERY PLAN"] for row in await world.rows(f"EXPLAIN {query}")]
    [scan] = [line for line in plan if " on follow_ups" in line]
    assert "ix_follow_ups_unit" in scan


async def test_a_fact_that_contradicts_its_history_parks_its_key_and_no_other(world: Any) -> None:
    lost, sound = world.ticket(), world.ticket()
    await lost.created()
    await lost.approved()  # never dispatched
    await sound.in_follow_up()
    [parked] = await world.rows("SELECT key, reason FROM parked")
    assert parked["key"] == str(lost.id).encode()
    assert "never dispatched" in parked["reason"]
    assert [
        fact.event.ticket_id for fact in await world.told() if fact.envelope.topic == "evaluation.ratings"
    ] == [sound.id]
