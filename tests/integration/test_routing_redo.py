"""A redo over HTTP: what the first rating allows, what a dispatcher decides, and what is told of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_contracts.ids import derived_id

from .routing_desk import MORNING, Desk, done, open_desk, with_units


@pytest.fixture
async def desk(database_factory_of_each_version: DatabaseFactory, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(await database_factory_of_each_version("routing_svc"), tmp_path) as opened:
        await with_units(opened)
        yield opened


HANDLER: dict[str, Any] = {"role": "unit_handler", "unit": "520402", "sub": "handler"}
REVIEWER: dict[str, Any] = {"role": "reviewer", "sub": "reviewer"}
NOTE = {"note": "已按规定办理。"}


async def rated(desk: Desk, level: Any = "dissatisfied", *, redo_requested: bool = True) -> UUID:
    ticket_id = await desk.in_follow_up()
    await desk.deliver(desk.rating(ticket_id, level, redo_requested=redo_requested))
    return ticket_id


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:hotline:problem:")


@pytest.mark.rule("I3")
async def test_a_redo_goes_to_the_lead_again_and_ends_in_a_second_follow_up(desk: Desk) -> None:
    ticket_id = await rated(desk)
    assert (await desk.ticket(ticket_id))["allowed"] == ["close", "redo", "redo/refuse"]
    again = await done(desk.act(ticket_id, "redo", {"note": "答复未回应诉求，请重新办理。"}))
    assert (again["state"], again["round"], again["determination"]) == ("handling", 2, None)
    [lead] = again["assignments"]
    assert (lead["state"], lead["replied_at"], lead["signed_at"] is not None) == ("handling", None, True)
    assert await desk.ticket(ticket_id) == again

    body = {"text": "已重新办理。", "determination": "solved"}
    await done(desk.act(ticket_id, "reply", body, **HANDLER))
    await done(desk.act(ticket_id, "reply/reject", {"note": "请附照片"}, **REVIEWER))
    await done(desk.act(ticket_id, "reply", body, **HANDLER))
    second = await done(desk.act(ticket_id, "reply/approve", **REVIEWER))
    assert (second["state"], second["round"], second["allowed"]) == ("follow_up", 2, ["close"])
    refused = await desk.act(ticket_id, "redo")
    assert slug(refused) == (409, "already-redone")
    assert (refused.json()["state"], refused.json()["allowed"]) == ("follow_up", ["close"])
    assert (await done(desk.act(ticket_id, "close")))["determination"] == "solved"


@pytest.mark.rule("I3")
async def test_the_order_of_a_redo_is_a_fact_of_the_history_with_its_note_sealed(desk: Desk) -> None:
    ticket_id = await rated(desk)
    await done(desk.act(ticket_id, "redo", {"note": "请王小明重新办理"}, sub="zhao"))
    event = (await desk.outbox())[-1]
    item = (await desk.history(ticket_id))[-1]
    assert event["ce_type"] == item["type"] == "routing.ticket.redo_ordered.v1"
    assert (int(event["ce_sequence"]), event["value"]["hash"]) == (item["seq"], item["hash"])
    [note] = await desk.rows("SELECT * FROM texts WHERE kind = 'note'")
    assert item["data"] == {
        "assignment_id": (await desk.ticket(ticket_id))["assignments"][0]["assignment_id"],
        "unit": "520402",
        "type": "help",
        "emergent": None,
        "round": 2,
        "rating_id": str(derived_id("rating", ticket_id, 1)),
        "text_id": str(note["text_id"]),
    }
    assert item["actor"]["sub"] == "zhao"
    key = (await desk.rows("SELECT * FROM requester_keys"))[0]
    data_key = desk.keys.unwrap(key["key_id"], key["master_key_id"], key["wrapped"])
    assert "王小明".encode() in data_key.open(note["sealed"], str(note["text_id"]))
    assert (await desk.outbox("routing.texts"))[-1]["value"]["text_id"] == str(note["text_id"])


@pytest.mark.rule("I3")
async def test_a_refused_redo_stays_in_follow_up_and_is_not_decided_twice(desk: Desk) -> None:
    ticket_id = await rated(desk, "very_dissatisfied")
    refused = await done(desk.act(ticket_id, "redo/refuse", NOTE, role="shift_leader"))
    assert (refused["state"], refused["round"], refused["allowed"]) == ("follow_up", 1, ["close"])
    event = (await desk.outbox())[-1]
    assert event["ce_type"] == "routing.ticket.redo_refused.v1"
    assert event["value"]["round"] == 1
    assert event["value"]["text_id"] is not None
    assert event["value"]["rating_id"] == str(derived_id("rating", ticket_id, 1))
    for action in ("redo", "redo/refuse"):
        assert slug(await desk.act(ticket_id, action, NOTE)) == (409, "redo-already-refused")


@pytest.mark.rule("I3")
@pytest.mark.parametrize(("level", "asks"), [("dissatisfied", False), ("basically_satisfied", True)])
async def test_who_did_not_ask_or_is_satisfied_gets_no_redo(desk: Desk, level: str, asks: bool) -> None:
    ticket_id = await rated(desk, level, redo_requested=asks)
    assert (await desk.ticket(ticket_id))["allowed"] == ["close"]
    for action in ("redo", "redo/refuse"):
        assert slug(await desk.act(ticket_id, action, NOTE)) == (409, "redo-not-requested")


@pytest.mark.rule("I3")
async def test_before_follow_up_a_redo_is_refused_by_the_state(desk: Desk) -> None:
    ticket_id = await desk.handled()
    refused = await desk.act(ticket_id, "redo")
    assert slug(refused) == (409, "not-allowed-in-state")
    assert (refused.json()["state"], refused.json()["allowed"]) == ("handling", ["interim-feedback", "reply"])
    assert (await desk.act(ticket_id, "redo", headers={"If-Match": '"1"'})).status_code == 412


async def test_a_rating_of_the_second_round_asks_for_nothing(desk: Desk) -> None:
    ticket_id = await rated(desk)
    await done(desk.act(ticket_id, "redo"))
    await desk.deliver(desk.rating(ticket_id, "very_dissatisfied", round_=2))
    [kept] = await desk.rows("SELECT * FROM first_ratings")
    assert (kept["rating_id"], kept["level"]) == (derived_id("rating", ticket_id, 1), "dissatisfied")


async def test_a_rating_that_is_read_before_its_ticket_waits_for_it(desk: Desk) -> None:
    accepted = desk.mint()
    await desk.deliver(desk.rating(accepted.ticket_id))
    assert await desk.rows("SELECT 1 FROM tickets") == []
    await desk.deliver(accepted.fact, accepted.text)
    assert (await desk.ticket(accepted.ticket_id))["allowed"] == ["dispatch"]
    desk.clock.set(MORNING + timedelta(minutes=1))
    await done(desk.act(accepted.ticket_id, "dispatch", {"lead": "520402"}))
    await done(desk.act(accepted.ticket_id, "sign", **HANDLER))
    await done(desk.act(accepted.ticket_id, "reply", {"text": "已办。"}, **HANDLER))
    approved = await done(desk.act(accepted.ticket_id, "reply/approve", **REVIEWER))
    assert approved["allowed"] == ["close", "redo", "redo/refuse"]


async def test_two_dispatchers_at_once_order_one_redo(desk: Desk) -> None:
    ticket_id = await rated(desk)
    answers = await asyncio.gather(*(desk.act(ticket_id, "redo", sub=sub) for sub in ("a", "b", "c")))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert (await desk.ticket(ticket_id))["round"] == 2
