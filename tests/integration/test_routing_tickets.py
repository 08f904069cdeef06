"""Tickets of routing-svc over HTTP, on a migrated database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from hotline_chassis.testing.postgres import DatabaseFactory

from .routing_desk import MORNING, Desk, done, open_desk, with_units


@pytest.fixture
async def desk(database_factory: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await database_factory("routing_svc"), tmp_path) as opened:
        await with_units(opened)
        yield opened


HANDLER: dict[str, Any] = {"role": "unit_handler", "unit": "520402", "sub": "handler"}
REVIEWER: dict[str, Any] = {"role": "reviewer", "sub": "reviewer"}


async def test_an_accepted_request_becomes_a_ticket_that_waits_for_dispatch(desk: Desk) -> None:
    accepted = desk.mint(type="complaint", category="城乡建设/安全生产", emergent="area_outage")
    await desk.deliver(accepted.fact, accepted.text)
    shown = await desk.ticket(accepted.ticket_id)
    assert shown == {
        "ticket_id": str(accepted.ticket_id),
        "ticket_no": accepted.ticket_no,
        "site": "5204",
        "state": "dispatch_pending",
        "type": "complaint",
        "nature": "ordinary",
        "category": "城乡建设/安全生产",
        "area_code": "520402",
        "emergent": "area_outage",
        "round": 1,
        "subject": "路灯不亮",
        "description": "门口的路灯坏了三天。",
        "created_at": "2026-03-02T01:00:00.000000Z",
        "requester": {"name": "张*", "phone": "138****1234", "confidential": False},
        "lead": None,
        "assignments": [],
        "determination": None,
        "version": 1,
        "allowed": ["dispatch"],
    }
    assert await desk.ticket(accepted.ticket_no) == shown


async def test_a_ticket_goes_from_dispatch_to_its_close_and_every_step_is_announced(desk: Desk) -> None:
    ticket_id = await desk.accept()
    sent = await done(
        desk.act(
            ticket_id,
            "dispatch",
            {"lead": "520402", "supports": ["520400-D01"], "note": "请尽快", "emergent": "public_safety"},
        )
    )
    assert (sent["state"], sent["lead"], sent["emergent"]) == ("sign_pending", "520402", "public_safety")
    assert [(a["unit"], a["role"], a["state"]) for a in sent["assignments"]] == [
        ("520402", "lead", "sign_pending"),
        ("520400-D01", "support", "sign_pending"),
    ]
    assert (await done(desk.act(ticket_id, "sign", **HANDLER)))["state"] == "handling"
    support: dict[str, Any] = {"role": "unit_leader", "unit": "520400-D01"}
    assert (await done(desk.act(ticket_id, "sign", **support)))["allowed"] == ["interim-feedback", "reply"]
    await done(desk.act(ticket_id, "interim-feedback", {"text": "已到现场。"}, **support))
    body = {"text": "不具备条件。", "determination": "explained_not_feasible"}
    replied = await done(desk.act(ticket_id, "reply", body, **HANDLER))
    assert (replied["state"], replied["determination"]) == ("reply_review", "explained_not_feasible")
    rejected = await done(desk.act(ticket_id, "reply/reject", {"note": "请补充依据"}, **REVIEWER))
    assert (rejected["state"], rejected["assignments"][0]["state"]) == ("handling", "handling")
    await done(desk.act(ticket_id, "reply", body, **HANDLER))
    approved = await done(desk.act(ticket_id, "reply/approve", **REVIEWER))
    assert approved["state"] == "follow_up"
    closed = await done(desk.act(ticket_id, "close"))
    assert (closed["state"], closed["determination"], closed["allowed"]) == (
        "closed",
        "explained_not_feasible",
        [],
    )
    assert await desk.ticket(ticket_id) == closed

    sent_events = await desk.outbox()
    assert [event["ce_type"].removeprefix("routing.ticket.") for event in sent_events] == [
        "created.v1",
        "dispatched.v1",
        "signed.v1",
        "signed.v1",
        "interim_feedback_given.v1",
        "replied.v1",
        "reply_rejected.v1",
        "replied.v1",
        "reply_approved.v1",
        "closed.v1",
    ]
    history = await desk.history(ticket_id)
    for event, item in zip(sent_events, history, strict=True):
        assert event["ce_subject"] == str(ticket_id)
        assert int(event["ce_sequence"]) == item["seq"]
        assert (event["ce_id"], event["ce_time"]) == (item["event_id"], item["at"])
        assert event["value"].pop("hash") == item["hash"]
        event["value"].pop("ticket_id")
        assert event["value"] == item["data"]
    assert sent_events[6]["value"]["rejections"] == 1


@pytest.mark.rule("H2")
async def test_words_travel_sealed_and_never_stand_in_facts_or_rows(desk: Desk) -> None:
    ticket_id = await desk.handled(subject="王小明家停电")
    await done(desk.act(ticket_id, "reply", {"text": "已答复王小明"}, **HANDLER))
    texts = await desk.outbox("routing.texts")
    key = (await desk.rows("SELECT * FROM requester_keys"))[0]
    data_key = desk.keys.unwrap(key["key_id"], key["master_key_id"], key["wrapped"])
    stored = await desk.rows("SELECT * FROM texts WHERE kind = 'reply'")
    assert texts[0]["value"]["text_id"] == str(stored[0]["text_id"])
    assert "已答复王小明".encode() in data_key.open(stored[0]["sealed"], str(stored[0]["text_id"]))
    for table in ("tickets", "history", "texts", "outbox", "assignments"):
        for row in await desk.rows(f"SELECT t::text FROM {table} t"):
            assert "王小明" not in row[0]
            assert "王小明".encode().hex() not in row[0]


async def test_the_order_of_ticket_and_words_does_not_matter(desk: Desk) -> None:
    first, second = desk.mint(), desk.mint()
    await desk.deliver(first.text)
    await desk.deliver(first.fact)
    await desk.deliver(second.fact)
    await desk.deliver(second.text)
    for accepted in (first, second):
        assert (await desk.ticket(accepted.ticket_id))["subject"] == "路灯不亮"


async def test_a_young_ticket_without_its_words_is_not_here_yet_and_an_old_one_shows_none(desk: Desk) -> None:
    accepted = desk.mint()
    await desk.deliver(accepted.fact)
    answers = await asyncio.gather(
        desk.ask("GET", f"/tickets/{accepted.ticket_id}"),
        desk.act(accepted.ticket_id, "dispatch", {"lead": "520402"}),
    )
    assert [answer.status_code for answer in answers] == [404, 404]
    desk.clock.set(MORNING + timedelta(minutes=1))
    shown = await desk.ticket(accepted.ticket_id)
    assert (shown["subject"], shown["requester"]) == (None, None)
    assert (await desk.act(accepted.ticket_id, "dispatch", {"lead": "520402"})).status_code == 200
    await done(desk.act(accepted.ticket_id, "sign", **HANDLER))
    answer = await desk.act(accepted.ticket_id, "reply", {"text": "好"}, **HANDLER)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:hotline:problem:unavailable")


async def test_an_id_may_be_used_before_its_ticket_and_its_words_have_arrived(desk: Desk) -> None:
    accepted = desk.mint()
    dispatching = asyncio.ensure_future(desk.act(accepted.ticket_id, "dispatch", {"lead": "520402"}))
    await desk.deliver(accepted.fact)
    await desk.deliver(accepted.text)
    assert (await done(dispatching))["subject"] == "路灯不亮"


async def test_a_ticket_is_not_created_before_its_request_even_if_our_clock_is_behind(desk: Desk) -> None:
    accepted = desk.mint()
    desk.clock.set(MORNING - timedelta(seconds=3))
    await desk.deliver(accepted.fact, accepted.text)
    assert (await desk.ticket(accepted.ticket_id))["created_at"] == "2026-03-02T01:00:00.000000Z"


async def test_a_fact_delivered_twice_makes_one_ticket(desk: Desk) -> None:
    accepted = desk.mint()
    await desk.deliver(accepted.fact, accepted.text, accepted.fact, accepted.text)
    await desk.deliver(accepted.fact)
    assert len(await desk.rows("SELECT 1 FROM tickets")) == 1
    assert len(await desk.outbox()) == 1


async def test_a_number_that_is_taken_parks_that_ticket_and_no_other(desk: Desk) -> None:
    first, third = desk.mint(), desk.mint()
    second = desk.mint(ticket_no=first.ticket_no)
    await desk.deliver(first.fact)
    await desk.deliver(second.fact, third.fact)
    stored = await desk.rows("SELECT ticket_id FROM tickets")
    assert {row["ticket_id"] for row in stored} == {first.ticket_id, third.ticket_id}
    assert len(await desk.rows("SELECT 1 FROM parked")) == 1
    assert len(await desk.outbox()) == 2


@pytest.mark.parametrize(
    ("action", "body", "who"),
    [
        ("dispatch", {"lead": "520402"}, {"role": "agent"}),
        ("dispatch", {"lead": "520402"}, {"role": "admin"}),
        ("sign", None, {"role": "dispatcher"}),
        ("interim-feedback", {"text": "x"}, {"role": "reviewer"}),
        ("reply", {"text": "x"}, {"role": "dispatcher"}),
        ("reply/approve", None, {"role": "dispatcher"}),
        ("reply/reject", {"note": "x"}, {"role": "unit_leader", "unit": "520402"}),
        ("redo", None, {"role": "reviewer"}),
        ("redo/refuse", None, {"role": "unit_leader", "unit": "520402"}),
        ("close", None, {"role": "unit_leader", "unit": "520402"}),
    ],
)
async def test_a_missing_role_is_forbidden_before_anything_else(
    desk: Desk, action: str, body: Any, who: dict[str, Any]
) -> None:
    assert (await desk.act(uuid4(), action, body, **who)).status_code == 403


@pytest.mark.parametrize("role", ["admin", "channel_client", "knowledge_editor"])
async def test_tickets_are_not_for_everybody(desk: Desk, role: str) -> None:
    ticket_id = await desk.accept()
    for path in ("", f"/{ticket_id}", f"/{ticket_id}/history"):
        assert (await desk.ask("GET", f"/tickets{path}", role=role)).status_code == 403


async def test_another_units_ticket_is_not_found(desk: Desk) -> None:
    ticket_id = await desk.handled("520402", "520400-D01")
    desk.clock.set(MORNING + timedelta(minutes=1))  # the id is no longer young: nobody waits for it
    other: dict[str, Any] = {"role": "unit_leader", "unit": "520403"}
    for action, body in (("sign", None), ("interim-feedback", {"text": "x"}), ("reply", {"text": "x"})):
        assert (await desk.act(ticket_id, action, body, **other)).status_code == 404
    assert (await desk.ask("GET", f"/tickets/{ticket_id}", **other)).status_code == 404
    assert (await desk.ask("GET", f"/tickets/{ticket_id}/history", **other)).status_code == 404
    listed = await done(desk.ask("GET", "/tickets", **other))
    assert listed["items"] == []


async def test_a_support_sees_the_ticket_but_may_not_reply(desk: Desk) -> None:
    ticket_id = await desk.handled("520402", "520400-D01")
    support: dict[str, Any] = {"role": "unit_leader", "unit": "520400-D01"}
    assert (await desk.ticket(ticket_id, **support))["lead"] == "520402"
    refused = await desk.act(ticket_id, "reply", {"text": "x"}, **support)
    assert refused.status_code == 403
    assert "主办单位" in refused.json()["detail"]


async def test_an_upper_unit_acts_for_the_units_below_it(desk: Desk) -> None:
    body = {"name": "分局", "group": "department", "parent": "520402"}
    await done(desk.ask("PUT", "/units/520402-01", body, role="admin"))
    ticket_id = await desk.dispatched("520402-01")
    assert (await done(desk.act(ticket_id, "sign", **HANDLER)))["assignments"][0]["state"] == "handling"


async def test_who_replied_does_not_approve(desk: Desk) -> None:
    ticket_id = await desk.replied(sub="li")
    refused = await desk.act(ticket_id, "reply/approve", role="reviewer", sub="li")
    assert refused.status_code == 403
    assert (await desk.act(ticket_id, "reply/approve", role="reviewer", sub="wang")).status_code == 200


async def test_a_refusal_names_the_state_and_all_it_allows(desk: Desk) -> None:
    ticket_id = await desk.handled("520402", "520400-D01")
    refused = await desk.act(ticket_id, "close")
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "urn:hotline:problem:not-allowed-in-state"
    assert (problem["state"], problem["allowed"]) == ("handling", ["interim-feedback", "reply", "sign"])


async def test_a_stale_version_is_refused_before_the_state_is_looked_at(desk: Desk) -> None:
    ticket_id = await desk.accept()
    answer = await desk.ask("GET", f"/tickets/{ticket_id}")
    assert answer.headers["etag"] == '"1"'
    fresh = await desk.act(ticket_id, "dispatch", {"lead": "520402"}, headers={"If-Match": '"1"'})
    assert (fresh.status_code, fresh.headers["etag"]) == (200, '"2"')
    stale = await desk.act(ticket_id, "dispatch", {"lead": "520402"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await desk.act(ticket_id, "dispatch", {"lead": "520402"})).status_code == 409


async def test_an_unknown_unit_is_said_before_an_unknown_ticket(desk: Desk) -> None:
    for body in ({"lead": "999999"}, {"lead": "520402", "supports": ["999999"]}):
        refused = await desk.act(uuid4(), "dispatch", body)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:hotline:problem:unknown-unit")
    assert (await desk.act(uuid4(), "dispatch", {"lead": "520402"})).status_code == 404


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("dispatch", {"lead": "520402", "supports": ["520402"]}, "/supports/0"),
        ("dispatch", {"lead": "520402", "supports": ["520403", "520403"]}, "/supports/1"),
        ("dispatch", {"lead": "a b"}, "/lead"),
        ("dispatch", {"led": "520402"}, "/led"),
        ("dispatch", {"emergent": "flood"}, "/emergent"),
        ("reply/reject", {}, "/note"),
    ],
)
async def test_bad_bodies_are_pointed_at(desk: Desk, action: str, body: Any, pointer: str) -> None:
    ticket_id = await desk.accept()
    role = "reviewer" if action.startswith("reply") else "dispatcher"
    refused = await desk.act(ticket_id, action, body, role=role)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_a_reply_names_no_attachment_that_does_not_exist(desk: Desk) -> None:
    ticket_id = await desk.handled()
    refused = await desk.act(ticket_id, "reply", {"text": "x", "attachments": [str(uuid4())]}, **HANDLER)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/attachments/0"
    assert (
        await desk.act(ticket_id, "reply", {"text": "x", "attachments": []}, **HANDLER)
    ).status_code == 200


async def test_without_a_lead_the_directory_decides_at_the_instant_of_the_dispatch(desk: Desk) -> None:
    ticket_id = await desk.accept(category="城乡建设/供电")
    refused = await desk.act(ticket_id, "dispatch", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:hotline:problem:no-directory-match")
    later = (MORNING + timedelta(hours=1)).isoformat()
    for body in (
        {"category": "城乡建设", "lead": "520400-D01", "supports": ["520403"], "effective_to": later},
        {"category": "城乡建设/供电", "area_code": "520402", "lead": "520400-D02", "effective_from": later},
    ):
        await done(desk.ask("POST", "/directory", body, role="admin"))
    sent = await done(desk.act(ticket_id, "dispatch"))
    assert [a["unit"] for a in sent["assignments"]] == ["520400-D01", "520403"]
    desk.clock.set(MORNING + timedelta(hours=1))
    other = await desk.accept(category="城乡建设/供电")
    sent = await done(desk.act(other, "dispatch", {"supports": ["520402"]}))
    assert [a["unit"] for a in sent["assignments"]] == ["520400-D02", "520402"]


async def test_a_dispatch_without_match_is_refused_by_state_first(desk: Desk) -> None:
    ticket_id = await desk.dispatched()
    assert (await desk.act(ticket_id, "dispatch", {})).json()["state"] == "sign_pending"


async def test_a_confidential_requester_is_hidden_from_the_unit_everywhere(desk: Desk) -> None:
    ticket_id = await desk.dispatched(confidential=True)
    signed = await done(desk.act(ticket_id, "sign", **HANDLER))
    listed = await done(desk.ask("GET", "/tickets", **HANDLER))
    assert signed["requester"] is None
    assert [ticket["requester"] for ticket in listed["items"]] == [None]
    assert (await desk.ticket(ticket_id))["requester"]["confidential"] is True


async def test_lists_are_newest_first_filtered_and_paged(desk: Desk) -> None:
    made: list[UUID] = []
    for minute in range(5):
        desk.clock.set(MORNING + timedelta(minutes=minute))
        made.append(await desk.accept(type="help" if minute % 2 else "complaint"))
    await done(desk.act(made[2], "dispatch", {"lead": "520402", "supports": ["520400-D01"]}))
    await done(desk.act(made[3], "dispatch", {"lead": "520403"}))

    async def listed(query: str, **who: Any) -> list[int]:
        found = await done(desk.ask("GET", f"/tickets?{query}", **who))
        return [made.index(UUID(item["ticket_id"])) for item in found["items"]]

    assert await listed("") == [4, 3, 2, 1, 0]
    assert await listed("type=help") == [3, 1]
    assert await listed("state=sign_pending") == [3, 2]
    assert await listed("unit=520400-D01") == [2]
    assert await listed("unit=520402", role="unit_leader", unit="520400-D01") == []
    assert await listed("", role="unit_leader", unit="520400-D01") == [2]
    first = (await desk.ticket(made[1]))["created_at"]
    last = (await desk.ticket(made[3]))["created_at"]
    assert await listed(f"from={first}&to={last}") == [2, 1]

    seen: list[str] = []
    path = "/tickets?limit=2"
    while path:
        answer = await desk.ask("GET", path)
        page = answer.json()
        seen += [item["ticket_id"] for item in page["items"]]
        path = f"/tickets?limit=2&cursor={page['next']}" if page["next"] else ""
        assert ("link" in answer.headers) == (page["next"] is not None)
    assert seen == [str(ticket_id) for ticket_id in reversed(made)]


async def test_an_action_repeated_with_its_key_happens_once(desk: Desk) -> None:
    ticket_id = await desk.accept()
    headers = {"Idempotency-Key": "k1"}
    first = await desk.act(ticket_id, "dispatch", {"lead": "520402"}, headers=headers)
    again = await desk.act(ticket_id, "dispatch", {"lead": "520402"}, headers=headers)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json() == first.json()
    assert len(await desk.history(ticket_id)) == 2
