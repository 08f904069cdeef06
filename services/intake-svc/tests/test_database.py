from typing import Any

from hotline_chassis.migrations import drift
from intake_svc.adapters.tables import metadata


async def test_every_statement_runs_on_the_oldest_and_the_newest_server(intake_of_each_version: Any) -> None:
    intake = intake_of_each_version
    body = intake.body(channel_ref="话-1", requester={"name": "张三", "phone": "13812341234"})
    first = await intake.post(body, key="k1")
    assert [(await intake.post(body, key=key)).status_code for key in ("k1", "k2")] == [201, 200]
    assert (await intake.decide(await intake.held(), "accept")).status_code == 200
    declined = {"reason": "repeat", "ticket_id": first.json()["ticket_id"]}
    assert (await intake.decide(await intake.held(), "decline", declined)).status_code == 200
    secret = await intake.held(requester={"phone": "12345"})
    assert (await intake.decide(secret, "decline", {"reason": "secrecy"})).status_code == 200
    listed = (await intake.get("/api/v1/requests", limit=2, channel="phone")).json()
    page = await intake.get("/api/v1/requests", limit=2, channel="phone", cursor=listed["next"])
    assert len(page.json()["items"]) == 2


async def test_the_migrations_make_the_tables_that_the_code_describes(intake: Any) -> None:
    assert await drift(intake.dsn, metadata) == []
