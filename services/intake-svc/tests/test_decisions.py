import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from intake_svc.domain.guidance import GUIDANCE

REQUESTER = {"name": "张三", "phone": "13812341234"}


@pytest.mark.rule("N2")
async def test_an_accepted_held_request_gets_number_text_and_ticket_at_that_moment(intake: Any) -> None:
    held = await intake.held(requester=REQUESTER)
    intake.clock.set(intake.clock.now() + timedelta(days=1))
    told = (await intake.decide(held, "accept")).json()
    assert (told["outcome"], told["ticket_no"]) == ("accepted", "20260202-000001")
    _, accepted, text = await intake.facts()
    assert accepted.event.TYPE == "intake.request.accepted.v1"
    assert (accepted.envelope.sequence, accepted.at) == (2, intake.clock.now())
    (key,) = await intake.rows("SELECT * FROM requesters")
    assert intake.words(text, key)["requester"]["name"] == "张*"


async def test_a_decision_comes_after_what_it_decides_even_at_a_clock_that_stands_still(intake: Any) -> None:
    held = await intake.held()
    await intake.decide(held, "accept")
    first, second, _ = await intake.facts()
    assert second.at == first.at + timedelta(microseconds=1)


@pytest.mark.rule("N2")
@pytest.mark.parametrize("reason", GUIDANCE)
async def test_each_of_the_five_classes_tells_its_own_text(intake: Any, reason: Any) -> None:
    held = await intake.held()
    answer = await intake.decide(held, "decline", {"reason": reason})
    told = answer.json()
    assert (answer.status_code, told["outcome"], told["reason"]) == (200, "declined", reason)
    assert told["guidance"] == GUIDANCE[reason]
    assert (await intake.get(f"/api/v1/requests/{held}")).json()["guidance"] == GUIDANCE[reason]


@pytest.mark.rule("N2")
async def test_guidance_of_ones_own_is_told_and_kept_sealed(intake: Any) -> None:
    held = await intake.held()
    own = "请向市中级人民法院反映。"
    answer = await intake.decide(held, "decline", {"reason": "other_body", "guidance": own})
    assert answer.json()["guidance"] == own
    assert (await intake.get(f"/api/v1/requests/{held}")).json()["guidance"] == own
    (row,) = await intake.rows("SELECT guidance, own_guidance FROM requests")
    assert row["guidance"] is None
    assert own.encode() not in row["own_guidance"]


@pytest.mark.rule("N2")
async def test_a_repeat_names_the_ticket_that_has_the_matter(intake: Any) -> None:
    first = (await intake.post(intake.body(requester=REQUESTER))).json()
    held = await intake.held(requester=REQUESTER)
    body = {"reason": "repeat", "ticket_id": first["ticket_id"]}
    told = (await intake.decide(held, "decline", body)).json()
    assert (told["ticket_id"], told["ticket_no"]) == (first["ticket_id"], first["ticket_no"])
    shown = (await intake.get(f"/api/v1/requests/{held}")).json()
    assert (shown["ticket_id"], shown["ticket_no"]) == (first["ticket_id"], first["ticket_no"])
    fact = (await intake.facts())[-1]
    assert (fact.event.TYPE, str(fact.event.ticket_id)) == ("intake.request.declined.v1", first["ticket_id"])


@pytest.mark.rule("N2")
@pytest.mark.parametrize("reason", ["repeat", "emergency"])
async def test_a_decline_names_no_ticket_that_there_is_not_or_that_it_needs_not(
    intake: Any, reason: str
) -> None:
    held = await intake.held()
    answer = await intake.decide(held, "decline", {"reason": reason, "ticket_id": str(uuid4())})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/ticket_id"


@pytest.mark.rule("N2")
@pytest.mark.rule("H2")
async def test_of_a_secret_only_the_class_stays(intake: Any) -> None:
    held = await intake.held(requester=REQUESTER, address="东街3号", category="城乡建设", channel_ref="话-1")
    answer = await intake.decide(held, "decline", {"reason": "secrecy", "guidance": "张三的商业秘密"})
    assert answer.json()["guidance"] == GUIDANCE["secrecy"]
    (row,) = await intake.rows("SELECT * FROM requests")
    assert row["reason"] == "secrecy"
    assert row["sealed"] is row["requester_id"] is row["category"] is row["own_guidance"] is None
    assert await intake.rows("SELECT * FROM requesters") == []
    shown = (await intake.get(f"/api/v1/requests/{held}")).json()
    gone = ("subject", "description", "address", "requester", "location", "category")
    assert [shown[name] for name in gone] == [None] * 6
    assert shown["channel_ref"] == "话-1"


@pytest.mark.rule("H2")
async def test_a_secret_takes_the_key_only_with_the_last_request_it_opens(intake: Any) -> None:
    other = (await intake.post(intake.body(requester=REQUESTER))).json()["request_id"]
    held = await intake.held(requester=REQUESTER)
    assert (await intake.decide(held, "decline", {"reason": "secrecy"})).status_code == 200
    assert (await intake.get(f"/api/v1/requests/{other}")).json()["requester"]["name"] == "张*"


COPY = """
INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object(
    'request_id', gen_random_uuid(), 'ticket_id', gen_random_uuid(), 'subject', 'another'
))).* FROM requests r
"""
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.mark.rule("H2")
async def test_a_secret_declined_while_its_requester_asks_again_keeps_the_key(intake: Any) -> None:
    held = await intake.held(requester=REQUESTER)
    other = await asyncpg.connect(**intake.dsn)
    try:
        async with asyncio.timeout(30), other.transaction():
            await other.execute(COPY)
            declining = asyncio.create_task(intake.decide(held, "decline", {"reason": "secrecy"}))
            while not await other.fetchval(WAITING):
                await other.execute("SELECT pg_stat_clear_snapshot()")
    finally:
        await other.close()
    assert (await declining).status_code == 200
    assert (await intake.counts())["requesters"] == 1


@pytest.mark.parametrize("action", ["accept", "decline"])
async def test_what_was_decided_is_not_decided_again(intake: Any, action: str) -> None:
    accepted = (await intake.post(intake.body())).json()["request_id"]
    declined = await intake.held()
    body = {"reason": "emergency"} if action == "decline" else None
    await intake.decide(declined, "decline", {"reason": "emergency"})
    for request_id, state in ((accepted, "accepted"), (declined, "declined")):
        answer = await intake.decide(request_id, action, body)
        assert answer.status_code == 409
        assert (answer.json()["state"], answer.json()["allowed"]) == (state, [])


async def test_who_may_decide_and_about_what(intake: Any) -> None:
    held = await intake.held()
    for role in ("dispatcher", "reviewer", "auditor", "admin"):
        assert (await intake.decide(held, "accept", role=role)).status_code == 403
    assert (await intake.decide(held, "accept", role="channel_client", channel="phone")).status_code == 403
    assert (await intake.decide(str(uuid4()), "accept")).status_code == 404
    assert (await intake.decide("x", "accept")).status_code == 422
    assert (await intake.decide(held, "decline", {"reason": "no_such_class"})).status_code == 422
    assert (await intake.decide(held, "decline", {"reason": "repeat", "guidance": " "})).status_code == 422
    assert (await intake.decide(held, "accept", role="shift_leader")).status_code == 200


async def test_two_people_who_decide_at_once_decide_once(intake: Any) -> None:
    held = await intake.held()
    answers = await asyncio.gather(
        intake.decide(held, "accept"), intake.decide(held, "decline", {"reason": "emergency"})
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await intake.rows("SELECT * FROM request_history")) == 2
