"""From a request to a red card, over the public interface."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from .conftest import UNIT, City


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def delivered(city: City, **changes: Any) -> str:
    ticket: str = (await city.request(**changes))["ticket_id"]
    await city.machine.drain()
    answer = await city.act(ticket, "dispatch", {"lead": UNIT})
    assert answer.status == 200, answer.body
    return ticket


@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
@pytest.mark.rule("I4")
async def test_a_ticket_nobody_signs_turns_yellow_and_red_at_the_instants_of_the_rule(city: City) -> None:
    await city.at("2026-02-13T18:30:00+08:00")
    ticket = await delivered(city)
    sign = (await city.clocks(ticket))["sign"]
    assert (sign["card"], sign["state"]) == ("yellow", "running"), "warned 1 wd before: already past"
    assert instant(sign["due_at"]) == instant("2026-02-14T17:00:00+08:00"), "a Saturday that is worked"

    await city.at("2026-02-14T17:00:00+08:00")
    assert (await city.clocks(ticket))["sign"]["card"] == "yellow", "exactly at the deadline is in time"
    await city.at("2026-02-14T17:00:00.000001+08:00")
    assert (await city.clocks(ticket))["sign"]["card"] == "red"

    cards = await city.client.items(
        "/api/v1/cards", token=city.token("auditor"), query={"ticket_id": ticket, "duty": "sign"}
    )
    assert [(card["card"], card["was"]) for card in cards] == [("red", "yellow"), ("yellow", None)]
    assert instant(cards[0]["at"]) == instant("2026-02-14T17:00:00+08:00") == instant(cards[0]["due_at"])
    assert instant(cards[0]["issued_at"]) == instant("2026-02-14T17:00:00.000001+08:00")
    assert instant(cards[1]["at"]) == instant(sign["started_at"])


@pytest.mark.rule("T3")
async def test_a_unit_that_signs_exactly_at_the_deadline_is_in_time(city: City) -> None:
    await city.at("2026-02-13T10:00:00+08:00")
    ticket = await delivered(city)
    await city.at("2026-02-14T17:00:00+08:00")
    assert (await city.act(ticket, "sign")).status == 200
    await city.at("2026-02-20T12:00:00+08:00")
    sign = (await city.clocks(ticket))["sign"]
    assert (sign["state"], sign["card"]) == ("met", "yellow")


@pytest.mark.rule("N7")
async def test_an_emergency_owes_an_interim_opinion_within_two_natural_hours_of_any_night(city: City) -> None:
    await city.at("2026-02-16T23:20:00+08:00")
    ticket = await delivered(city, emergent="area_outage", type="report")
    interim = (await city.clocks(ticket))["interim_feedback"]
    delivered_at = instant(interim["started_at"])
    assert delivered_at - instant("2026-02-16T23:20:00+08:00") < timedelta(milliseconds=1)
    assert instant(interim["due_at"]) == delivered_at + timedelta(hours=2)
    assert instant(interim["warn_at"]) == delivered_at + timedelta(minutes=90)
    await city.at("2026-02-17T00:50:00+08:00")
    assert (await city.clocks(ticket))["interim_feedback"]["card"] == "green"
    await city.at("2026-02-17T01:00:00+08:00")
    assert (await city.clocks(ticket))["interim_feedback"]["card"] == "yellow"
    assert (await city.act(ticket, "interim-feedback", {"text": "已派抢修人员。"})).status == 200
    await city.at("2026-02-17T03:00:00+08:00")
    met = (await city.clocks(ticket))["interim_feedback"]
    assert (met["state"], met["card"]) == ("met", "yellow")


@pytest.mark.rule("N7")
async def test_a_missed_interim_opinion_is_red_and_a_later_one_is_late(city: City) -> None:
    ticket = await delivered(city, emergent="public_safety")
    await city.at("2026-02-13T10:30:00+08:00")
    assert (await city.clocks(ticket))["interim_feedback"]["card"] == "red"
    assert (await city.act(ticket, "interim-feedback", {"text": "已到现场。"})).status == 200
    late = (await city.clocks(ticket))["interim_feedback"]
    assert (late["state"], late["card"]) == ("late", "red")


@pytest.mark.rule("I4")
async def test_a_rejected_reply_reopens_the_duty_with_one_working_day_of_grace_once(city: City) -> None:
    ticket = await delivered(city, type="consultation")
    await city.act(ticket, "sign")
    handle = (await city.clocks(ticket))["handle"]
    assert instant(handle["due_at"]) == instant("2026-02-24T17:00:00+08:00")
    await city.at("2026-02-24T16:00:00+08:00")
    assert (await city.act(ticket, "reply", {"text": "已答复。"})).status == 200
    await city.at("2026-02-24T16:30:00+08:00")
    assert (await city.act(ticket, "reply/reject", {"note": "没有回答所问。"})).status == 200
    reopened = (await city.clocks(ticket))["handle"]
    assert reopened["state"] == "running"
    assert instant(reopened["due_at"]) == instant("2026-02-25T17:00:00+08:00")
    await city.act(ticket, "reply", {"text": "再次答复。"})
    await city.act(ticket, "reply/reject", {"note": "仍未回答。"})
    assert instant((await city.clocks(ticket))["handle"]["due_at"]) == instant("2026-02-25T17:00:00+08:00")


@pytest.mark.rule("I2")
async def test_the_return_window_lapses_without_a_card(city: City) -> None:
    await city.at("2026-09-24T16:00:00+08:00")
    ticket = await delivered(city)
    window = (await city.clocks(ticket))["return_window"]
    assert (window["state"], window["card"], window["warn_at"]) == ("open", None, None)
    assert instant(window["due_at"]) == instant("2026-09-28T17:00:00+08:00")
    await city.at("2026-09-28T18:00:00+08:00")
    assert (await city.clocks(ticket))["return_window"]["state"] == "lapsed"


async def test_closing_cancels_what_still_runs(city: City) -> None:
    ticket = await delivered(city, emergent="public_safety")
    for action, body in (("sign", None), ("reply", {"text": "已处理。"}), ("reply/approve", None)):
        assert (await city.act(ticket, action, body)).status == 200
    closed = await city.act(ticket, "close")
    assert closed.json()["state"] == "closed"
    states = {duty: clock["state"] for duty, clock in (await city.clocks(ticket)).items()}
    assert states == {
        "sign": "met", "handle": "met", "interim_feedback": "met", "return_window": "lapsed",
        "follow_up": "cancelled",
    }  # fmt: skip


async def test_a_ticket_id_may_be_used_right_after_its_201(city: City) -> None:
    """Nothing is settled in between: the services wait for the young id by themselves."""
    import asyncio

    stop = asyncio.Event()
    running = asyncio.create_task(city.machine.run(stop))
    for _ in range(5):
        ticket = (await city.request())["ticket_id"]
        assert (await city.act(ticket, "dispatch", {"lead": UNIT})).status == 200
        assert (await city.act(ticket, "sign")).status == 200
    stop.set()
    await running


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("working_type", "due", "status"),
    [
        pytest.param("sign", "2026-12-31T17:00:00+08:00", "confirmed", id="one day stays in 2026"),
        pytest.param("handle", "2027-01-04T17:00:00+08:00", "provisional", id="two days reach into 2027"),
    ],
)
async def test_the_turn_of_the_year_is_provisional_exactly_where_a_counted_day_is(
    city: City, working_type: str, due: str, status: str
) -> None:
    found = await city.client.get(
        "/api/v1/deadlines",
        token=city.token("auditor"),
        query={"duty": working_type, "type": "consultation", "from": "2026-12-30T10:00:00+08:00"},
    )
    assert instant(found["due_at"]) == instant(due)
    assert found["calendar_status"] == status
