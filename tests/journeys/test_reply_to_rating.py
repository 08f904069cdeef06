"""From the approved reply to the rating that counts: the follow-up, the redo, the second follow-up."""

from datetime import datetime
from typing import Any

import pytest

from hotline_local.inprocess import Answer

from .conftest import UNIT, City


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def rate(city: City, ticket: str, level: str, *, redo: bool = False) -> Answer:
    body = {"level": level, "solved": not redo, "redo_requested": redo, "via": "phone"}
    return await city.client.call(
        "POST", f"/api/v1/tickets/{ticket}/ratings", token=city.token("reviewer"), body=body
    )


async def do(city: City, ticket: str, action: str, body: Any = None) -> Any:
    """An action that must be a success, and everything it leads to."""
    answer = await city.act(ticket, action, body)
    assert answer.status == 200, answer.body
    await city.machine.drain()
    return answer.json()


async def approved(city: City, **changes: Any) -> str:
    """A ticket whose reply is approved at the present instant."""
    ticket: str = (await city.request(**changes))["ticket_id"]
    await city.machine.drain()
    await do(city, ticket, "dispatch", {"lead": UNIT})
    await do(city, ticket, "sign")
    await do(city, ticket, "reply", {"text": "已办理。"})
    await do(city, ticket, "reply/approve")
    return ticket


async def clocks(city: City, ticket: str, duty: str) -> list[dict[str, Any]]:
    await city.machine.drain()
    page = await city.client.get(f"/api/v1/tickets/{ticket}/clocks", token=city.token("auditor"))
    return [clock for clock in page["items"] if clock["duty"] == duty]


@pytest.mark.rule("H4")
@pytest.mark.rule("T3")
async def test_a_requester_nobody_asks_turns_the_hotlines_own_clock_yellow_and_red(city: City) -> None:
    await city.at("2026-03-06T10:00:00+08:00")
    ticket = await approved(city)
    [follow_up] = await clocks(city, ticket, "follow_up")
    assert (follow_up["unit"], follow_up["assignment_id"], follow_up["card"]) == (None, None, "green")
    assert instant(follow_up["due_at"]) == instant("2026-03-11T17:00:00+08:00")
    await city.at("2026-03-10T17:00:00.000001+08:00")
    assert (await clocks(city, ticket, "follow_up"))[0]["card"] == "yellow"
    await city.at("2026-03-11T17:00:00+08:00")
    assert (await clocks(city, ticket, "follow_up"))[0]["card"] == "yellow", "at the deadline is in time"
    await city.at("2026-03-11T17:00:00.000001+08:00")
    assert (await clocks(city, ticket, "follow_up"))[0]["card"] == "red"
    assert (await rate(city, ticket, "satisfied")).status == 201
    [late] = await clocks(city, ticket, "follow_up")
    assert (late["state"], late["card"]) == ("late", "red")
    cards = await city.client.items(
        "/api/v1/cards", token=city.token("unit_leader", unit=UNIT), query={"ticket_id": ticket}
    )
    assert cards
    assert {card["duty"] for card in cards} == {"sign", "handle"}, "no unit is shown the hotline's own"


@pytest.mark.rule("T3")
async def test_a_requester_who_was_asked_exactly_at_the_deadline_made_the_follow_up_red(city: City) -> None:
    await city.at("2026-03-06T10:00:00+08:00")
    ticket = await approved(city)
    await city.at("2026-03-11T17:00:00+08:00")
    assert (await rate(city, ticket, "satisfied")).status == 201
    [in_time] = await clocks(city, ticket, "follow_up")
    assert (in_time["state"], in_time["card"]) == ("met", "yellow")
    assert instant(in_time["stopped_at"]) == instant(in_time["due_at"])


@pytest.mark.rule("I3")
async def test_a_redo_is_a_round_of_its_own_with_clocks_of_its_own(city: City) -> None:
    await city.at("2026-09-28T10:00:00+08:00")  # worked example 7
    ticket = await approved(city, type="complaint")
    assert (await rate(city, ticket, "very_dissatisfied", redo=True)).json()["formed_at"] is None
    await city.machine.drain()
    ordered = await do(city, ticket, "redo", {"note": "答复未回应诉求。"})
    assert (ordered["state"], ordered["round"]) == ("handling", 2)
    [redo] = await clocks(city, ticket, "redo")
    assert (redo["unit"], redo["round"], redo["card"]) == (UNIT, 2, "green")
    assert instant(redo["due_at"]) == instant("2026-10-10T17:00:00+08:00")

    await city.at("2026-10-10T17:00:00+08:00")
    await do(city, ticket, "reply", {"text": "已重新办理。"})
    await do(city, ticket, "reply/reject", {"note": "请附照片。"})
    [again] = await clocks(city, ticket, "redo")
    assert (again["state"], instant(again["due_at"])) == ("running", instant("2026-10-12T17:00:00+08:00"))
    [handle] = await clocks(city, ticket, "handle")
    assert (handle["state"], handle["round"]) == ("met", 1)
    await do(city, ticket, "reply", {"text": "已重新办理，见照片。"})
    await do(city, ticket, "reply/approve")
    assert (await clocks(city, ticket, "redo"))[0]["state"] == "met"

    assert [clock["round"] for clock in await clocks(city, ticket, "follow_up")] == [1, 2]
    second = await rate(city, ticket, "dissatisfied")
    assert (second.status, second.json()["round"], second.json()["formed_at"] is not None) == (201, 2, True)
    refused = await city.act(ticket, "redo")
    assert (refused.status, refused.json()["type"]) == (409, "urn:hotline:problem:already-redone")
    assert [clock["state"] for clock in await clocks(city, ticket, "follow_up")] == ["met", "met"]
    assert (await do(city, ticket, "close"))["state"] == "closed"


@pytest.mark.rule("I3")
async def test_a_refused_redo_forms_the_first_rating_and_closing_ends_an_unasked_follow_up(
    city: City,
) -> None:
    ticket = await approved(city)
    await rate(city, ticket, "dissatisfied", redo=True)
    await city.machine.drain()
    refused = await do(city, ticket, "redo/refuse", {"note": "已按规定办理。"})
    assert (refused["state"], refused["allowed"]) == ("follow_up", ["close"])
    unasked = await approved(city)
    await do(city, unasked, "close")
    [follow_up] = await clocks(city, unasked, "follow_up")
    assert follow_up["state"] == "cancelled"
