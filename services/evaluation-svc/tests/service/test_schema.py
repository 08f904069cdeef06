from typing import Any

from evaluation_svc.adapters.tables import METADATA
from hotline_chassis.migrations import drift
from hotline_chassis.testing.postgres import DatabaseFactory

from .conftest import START


async def test_the_migrations_make_exactly_the_tables_that_the_code_describes(
    database_factory: DatabaseFactory,
) -> None:
    assert await drift(await database_factory("evaluation_svc"), METADATA) == []


async def test_every_statement_runs_on_the_oldest_and_the_newest_server(
    new_world: Any, database_factory_of_each_version: DatabaseFactory
) -> None:
    world = await new_world(database_factory_of_each_version)
    await world.policy()
    await world.unit("520400-D01")
    rated, refused = world.ticket(), world.ticket()
    for ticket in (rated, refused):
        await ticket.in_follow_up()
        await ticket.clock_started(START)
        await ticket.clock_met()
    await world.apply()
    assert (await world.rate(rated)).status_code == 201
    async with world.client() as client:
        [task] = (await client.get("/api/v1/follow-ups", params={"state": "open"})).json()["items"]
        await client.post(f"/api/v1/follow-ups/{task['follow_up_id']}/attempts", json={"outcome": "refused"})
    async with world.client("unit_leader", unit="520400-D01") as client:
        assert len((await client.get("/api/v1/follow-ups", params={"limit": 1})).json()["items"]) == 1
    [item] = (await world.scorecard("2026-03", "unit_leader", unit="520400-D01"))["items"]
    assert [one["numerator"] for one in item["indicators"]] == [2, 1, 1]
