"""The service's own part of the public contract."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

SHANGHAI = timezone(timedelta(hours=8))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


DELIVERED = local("2026-03-02 10:00")


@pytest.fixture
async def ticket(world: Any) -> Any:
    """Delivered to D01 with D02 in support, and all cards issued; D01-A lies below D01."""
    for code, parent in (("520400-D01", None), ("520400-D01-A", "520400-D01"), ("520400-D02", None)):
        await world.unit(code, parent)
    made = world.ticket()
    await made.created(DELIVERED)
    await made.dispatched(DELIVERED, lead="520400-D01-A", support="520400-D02")
    await world.apply()
    await world.tick(local("2026-04-01 00:00"))
    return made


async def get(client: Any, path: str, status: int = 200, *, query: Any = (), **more: Any) -> Any:
    async with client:
        answer = await client.get(path, params=dict(query) | more)
    assert answer.status_code == status, answer.text
    return answer.json()


CLOCK_FIELDS = {
    "clock_id", "ticket_id", "assignment_id", "duty", "subject_id", "unit", "round", "started_at", "warn_at",
    "due_at", "card", "state", "stopped_at", "policy_version", "calendar_versions", "calendar_status",
}  # fmt: skip
CARD_FIELDS = {
    "card_id", "clock_id", "ticket_id", "duty", "type", "unit", "round", "card", "was", "due_at", "at", "issued_at",
    "standing", "withdrawn_reason", "policy_version", "calendar_versions", "why",
}  # fmt: skip


@pytest.mark.rule("I4")
async def test_a_tickets_clocks_are_listed_by_start_and_duty(world: Any, ticket: Any) -> None:
    page = await get(world.client(), f"/api/v1/tickets/{ticket.id}/clocks")
    assert [item["duty"] for item in page["items"]] == [
        "handle",
        "return_window",
        "return_window",
        "sign",
        "sign",
    ]
    handle, window = page["items"][:2]
    assert set(handle) == CLOCK_FIELDS
    assert handle["started_at"] == "2026-03-02T02:00:00.000000Z"
    assert (handle["card"], handle["state"], handle["stopped_at"]) == ("red", "running", None)
    assert handle["calendar_versions"] == {"national:2026": 1}
    assert (window["card"], window["warn_at"], window["state"]) == (None, None, "lapsed")
    assert page["next"] is None


async def test_a_ticket_may_be_named_by_its_number(world: Any, ticket: Any) -> None:
    page = await get(world.client(), f"/api/v1/tickets/{ticket.no}/clocks", limit=2)
    assert len(page["items"]) == 2
    rest = await get(world.client(), f"/api/v1/tickets/{ticket.no}/clocks", limit=3, cursor=page["next"])
    assert (len(rest["items"]), rest["next"]) == (3, None)


async def test_an_unknown_ticket_is_404_and_no_name_of_a_ticket_422(world: Any, ticket: Any) -> None:
    await get(world.client(), "/api/v1/tickets/00000000-0000-4000-8000-000000000000/clocks", 404)
    await get(world.client(), "/api/v1/tickets/20260101-999999/clocks", 404)
    await get(world.client(), "/api/v1/tickets/nonsense/clocks", 422)


async def test_a_unit_sees_its_subtree_and_nothing_of_others(world: Any, ticket: Any) -> None:
    path = f"/api/v1/tickets/{ticket.id}/clocks"
    above = await get(world.client("unit_leader", unit="520400-D01"), path)
    assert {item["unit"] for item in above["items"]} == {"520400-D01-A"}
    support = await get(world.client("unit_handler", unit="520400-D02"), path)
    assert {item["unit"] for item in support["items"]} == {"520400-D02"}
    await get(world.client("unit_handler", unit="520400-D09"), path, 404)
    cards = await get(world.client("unit_handler", unit="520400-D02"), "/api/v1/cards")
    assert {item["unit"] for item in cards["items"]} == {"520400-D02"}
    others = await get(world.client("unit_handler", unit="520400-D02"), "/api/v1/cards", unit="520400-D01-A")
    assert others["items"] == []
    clocks = await get(world.client("unit_handler", unit="520400-D01"), "/api/v1/clocks")
    assert {item["unit"] for item in clocks["items"]} == {"520400-D01-A"}


@pytest.mark.rule("H4")
async def test_a_follow_up_is_shown_with_its_ticket_to_the_city_and_to_no_unit(
    world: Any, ticket: Any
) -> None:
    since = DELIVERED + timedelta(hours=1)
    await ticket.follow_up_opened(since + timedelta(minutes=1), since=since)
    await world.apply()
    path = f"/api/v1/tickets/{ticket.id}/clocks"
    page = await get(world.client(), path)
    [shown] = [item for item in page["items"] if item["duty"] == "follow_up"]
    assert page["items"][-1] == shown, "by start: it began last"
    assert set(shown) == CLOCK_FIELDS
    assert (shown["unit"], shown["assignment_id"], shown["ticket_id"]) == (None, None, str(ticket.id))
    assert (shown["subject_id"], shown["round"], shown["card"]) == (str(ticket.follow_up()), 1, "green")
    assert shown["started_at"] == "2026-03-02T03:00:00.000000Z"
    for query in ({"duty": "follow_up"}, {"subject_id": str(ticket.follow_up())}):
        assert (await get(world.client(), "/api/v1/clocks", query=query))["items"] == [shown]
    for unit in ("520400-D01", "520400-D02"):
        seen = await get(world.client("unit_leader", unit=unit), path)
        assert "follow_up" not in {item["duty"] for item in seen["items"]}
        own = await get(world.client("unit_leader", unit=unit), "/api/v1/clocks", duty="follow_up")
        cards = await get(world.client("unit_leader", unit=unit), "/api/v1/cards", duty="follow_up")
        assert (own["items"], cards["items"]) == ([], [])
    assert len((await get(world.client(), "/api/v1/cards", duty="follow_up"))["items"]) == 1


async def test_a_machine_may_ask_for_deadlines_and_nothing_else(world: Any, ticket: Any) -> None:
    def machine() -> Any:
        return world.client("channel_client", channel="web")

    for path in (
        f"/api/v1/tickets/{ticket.id}/clocks",
        "/api/v1/clocks",
        "/api/v1/cards",
        "/api/v1/policies",
    ):
        await get(machine(), path, 403)
    await get(machine(), "/api/v1/deadlines", duty="sign")


@pytest.mark.rule("I4")
async def test_cards_are_listed_newest_first_and_filtered(world: Any, ticket: Any) -> None:
    page = await get(world.client(), "/api/v1/cards", ticket_id=str(ticket.id))
    instants = [item["at"] for item in page["items"]]
    assert instants == sorted(instants, reverse=True)
    assert len(instants) == 9
    assert set(page["items"][0]) == CARD_FIELDS
    reds = await get(world.client(), "/api/v1/cards", card="red", duty="sign", unit="520400-D02")
    [red] = reds["items"]
    assert (red["was"], red["at"], red["due_at"]) == ("yellow", "2026-03-03T09:00:00.000000Z", red["at"])
    assert red["standing"] is True
    assert red["withdrawn_reason"] is None


async def test_from_is_included_and_to_is_not(world: Any, ticket: Any) -> None:
    due, after = "2026-03-09T17:00:00+08:00", "2026-03-09T17:00:00.000001+08:00"
    assert len((await get(world.client(), "/api/v1/cards", query={"from": due, "to": after}))["items"]) == 1
    assert (await get(world.client(), "/api/v1/cards", query={"from": after}))["items"] == []
    assert len((await get(world.client(), "/api/v1/cards", to=due))["items"]) == 8


async def test_pages_of_cards_hang_together(world: Any, ticket: Any) -> None:
    seen, cursor = [], None
    while True:
        query = {"limit": "4"} | ({"cursor": cursor} if cursor else {})
        page = await get(world.client(), "/api/v1/cards", query=query)
        seen += [item["card_id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == len(set(seen)) == 9


async def test_clocks_are_found_by_subject_and_duty(world: Any, ticket: Any) -> None:
    page = await get(world.client(), "/api/v1/clocks", subject_id=str(ticket.id), duty="handle")
    assert [item["duty"] for item in page["items"]] == ["handle"]
    assert (await get(world.client(), "/api/v1/clocks", duty="knowledge_answer"))["items"] == []


@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("query", "due", "warn"),
    [
        ({"duty": "sign", "from": "2026-02-13T18:30:00+08:00"}, "2026-02-14 17:00", "2026-02-13 17:00"),
        ({"duty": "handle", "type": "complaint", "from": "2026-09-30T15:30:00+08:00"}, "2026-10-20 17:00", "2026-10-19 17:00"),
        ({"duty": "redo", "type": "complaint", "from": "2026-09-28T10:00:00+08:00"}, "2026-10-10 17:00", "2026-10-09 17:00"),
        ({"duty": "appeal_window", "from": "2026-06-18T20:15:00+08:00"}, "2026-06-24 17:00", None),
        ({"duty": "interim_feedback", "emergent": "area_outage", "from": "2026-02-16T23:20:00+08:00"}, "2026-02-17 01:20", "2026-02-17 00:50"),
        ({"duty": "knowledge_answer", "from": "2026-04-30T16:50:00+08:00"}, "2026-05-07 17:00", "2026-05-06 17:00"),
    ],
)  # fmt: skip
async def test_deadlines_of_the_worked_examples(world: Any, query: Any, due: str, warn: str | None) -> None:
    answer = await get(world.client(), "/api/v1/deadlines", query=query)
    assert datetime.fromisoformat(answer["due_at"]) == local(due)
    assert (answer["warn_at"] and datetime.fromisoformat(answer["warn_at"])) == (warn and local(warn))
    assert (answer["policy_version"], answer["calendar_status"]) == (1, "confirmed")
    assert answer["origin"] in {"note", "default"}


async def test_a_deadline_counts_from_the_business_clock_unless_told(world: Any) -> None:
    world.clock.set(DELIVERED)
    for query in ({}, {"from": "now"}):
        answer = await get(world.client(), "/api/v1/deadlines", duty="sign", query=query)
        assert answer["due_at"] == "2026-03-03T09:00:00.000000Z"


async def test_every_duty_and_window_can_be_asked(world: Any) -> None:
    from hotline_worktime.policy import DUTIES, WINDOWS

    for duty in (*DUTIES, *WINDOWS):
        answer = await get(world.client(), "/api/v1/deadlines", duty=duty, emergent="public_safety")
        assert answer["due_at"]
        if duty in WINDOWS:
            assert answer["warn_at"] is None


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ({"duty": "handle", "type": "praise"}, "no-limit"),
        ({"duty": "interim_feedback"}, "no-limit"),
        ({"duty": "sign", "unit": "520400-D99"}, "unknown-unit"),
        ({"duty": "sign", "from": "2026-02-13T18:30:00"}, "invalid-input"),
        ({"duty": "sign", "from": "1991-02-13T18:30:00Z"}, "invalid-input"),
        ({"duty": "sign", "from": "2199-12-31T18:30:00Z"}, "invalid-input"),
        ({"duty": "sign", "from": "1"}, "invalid-input"),
        ({"duty": "cooking"}, "invalid-input"),
        ({}, "invalid-input"),
    ],
)
async def test_a_deadline_that_cannot_be_given_is_refused_by_name(world: Any, query: Any, slug: str) -> None:
    answer = await get(world.client(), "/api/v1/deadlines", 422, query=query)
    assert answer["type"] == f"urn:hotline:problem:{slug}"


@pytest.mark.rule("T1")
async def test_a_deadline_that_counts_a_day_without_a_notice_is_provisional(world: Any) -> None:
    asked = {"from": "2026-12-30T10:00:00+08:00"}
    sign = await get(world.client(), "/api/v1/deadlines", duty="sign", query=asked)
    handle = await get(world.client(), "/api/v1/deadlines", duty="handle", type="consultation", query=asked)
    assert (sign["due_at"], sign["calendar_status"]) == ("2026-12-31T09:00:00.000000Z", "confirmed")
    assert (handle["due_at"], handle["calendar_status"]) == ("2027-01-04T09:00:00.000000Z", "provisional")


async def test_the_policy_is_shown_with_its_origins(world: Any) -> None:
    page = await get(world.client(), "/api/v1/policies")
    [policy] = page["items"]
    assert policy["version"] == 1
    assert policy["effective_from"] == "2003-12-31T16:00:00.000000Z"
    assert {rule["origin"] for rule in policy["document"]["rules"]} == {"note", "default"}


@pytest.mark.rule("T1")
async def test_a_years_notice_is_shown_with_its_source(world: Any) -> None:
    year = await get(world.client(), "/api/v1/calendars/2026")
    assert (year["layer"], year["version"], year["status"]) == ("national", 1, "confirmed")
    assert "国务院办公厅" in year["source"]
    days = {day["date"]: day["working"] for day in year["days"]}
    assert (days["2026-02-14"], days["2026-10-01"]) == (True, False)
    await get(world.client(), "/api/v1/calendars/2027", 404)
    await get(world.client(), "/api/v1/calendars/2026", 404, layer="city")
    await get(world.client(), "/api/v1/calendars/2026", 422, layer="moon")
    await get(world.client(), "/api/v1/calendars/1066", 422)
