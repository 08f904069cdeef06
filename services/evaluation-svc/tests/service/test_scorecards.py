"""The month's live scorecard over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hotline_worktime.policy import POLICY_1

MARCH = datetime(2026, 3, 9, 9, tzinfo=UTC)
LAST = datetime(2026, 3, 31, 15, 59, 59, 999999, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


async def handled(world: Any, unit: str, *, late: bool = False, due_at: datetime = MARCH) -> Any:
    ticket = world.ticket(unit)
    await ticket.clock_started(due_at)
    await ticket.clock_met(late=late)
    return ticket


def indicator(card: Any, name: str) -> Any:
    [item] = card["items"]
    return next((one for one in item["indicators"] if one["name"] == name), None)


@pytest.mark.rule("N9")
async def test_a_month_has_the_contracts_shape(world: Any) -> None:
    for late in (False, False, True):
        await handled(world, "520400-D01", late=late)
    ticket = world.ticket()
    await ticket.in_follow_up()
    await world.rate(ticket, "dissatisfied")
    assert await world.scorecard("2026-03") == {
        "month": "2026-03",
        "version": 0,
        "policy_version": 1,
        "items": [
            {
                "unit": "520400-D01",
                "group": "department",
                "score": 60.0,  # (15·2/3 + 20·1 + 15·0) of 50
                "rank": None,
                "bottom": False,
                "indicators": [
                    {"name": "on_time", "points": 10.0, "of": 15, "numerator": 2, "denominator": 3, "excluded": {}},
                    {"name": "solved", "points": 20.0, "of": 20, "numerator": 1, "denominator": 1, "excluded": {}},
                    {"name": "satisfied", "points": 0.0, "of": 15, "numerator": 0, "denominator": 1, "excluded": {}},
                ],
            }
        ],
    }  # fmt: skip


@pytest.mark.rule("N9")
async def test_on_time_counts_in_the_month_of_the_final_deadline(world: Any) -> None:
    moved, redone = await handled(world, "520400-D01", due_at=LAST), await handled(world, "520400-D01")
    await moved.clock_reopened(LAST + MICROSECOND)
    await moved.clock_met()
    await redone.clock_started(LAST, "redo")
    await redone.clock_met("redo", late=True)
    await world.apply()
    march, april = await world.scorecard("2026-03"), await world.scorecard("2026-04")
    assert (indicator(march, "on_time")["numerator"], indicator(march, "on_time")["denominator"]) == (0, 1)
    assert (indicator(april, "on_time")["numerator"], indicator(april, "on_time")["denominator"]) == (1, 1)


@pytest.mark.rule("N9")
async def test_what_is_not_decided_or_fell_away_is_excluded_by_reason(world: Any) -> None:
    await handled(world, "520400-D01")
    for act in ("running", "cancelled", "red"):
        ticket = world.ticket()
        await ticket.clock_started(MARCH)
        await ticket.carded("yellow", MARCH)
        if act == "cancelled":
            await ticket.clock_cancelled()
        if act == "red":
            await ticket.carded("red", MARCH)
    other_duty = world.ticket()
    await other_duty.clock_started(MARCH, "sign")
    await other_duty.carded("red", MARCH, "sign")
    await world.apply()
    found = indicator(await world.scorecard("2026-03"), "on_time")
    assert (found["numerator"], found["denominator"]) == (1, 2)
    assert found["excluded"] == {"cancelled": 1, "not_due": 1}


@pytest.mark.rule("N9")
async def test_unrated_follow_ups_are_excluded_by_reason_and_never_satisfied(world: Any) -> None:
    rated, refused, closed, pending = (world.ticket() for _ in range(4))
    for ticket in (rated, refused, closed, pending):
        await ticket.in_follow_up()
    await world.rate(rated)
    tasks = {row["ticket_id"]: row["follow_up_id"] for row in await world.rows("SELECT * FROM follow_ups")}
    async with world.client() as client:
        await client.post(f"/api/v1/follow-ups/{tasks[refused.id]}/attempts", json={"outcome": "refused"})
    await closed.closed()
    await world.apply()
    await world.rate(pending, "dissatisfied", redo_requested=True)
    card = await world.scorecard("2026-03")
    for name in ("solved", "satisfied"):
        assert (indicator(card, name)["numerator"], indicator(card, name)["denominator"]) == (1, 1)
        assert indicator(card, name)["excluded"] == {"not_needed": 1, "redo_pending": 1, "refused": 1}
    assert indicator(card, "on_time") is None
    assert card["items"][0]["score"] == 100.0


@pytest.mark.rule("I3")
async def test_a_redone_ticket_counts_once_with_its_second_rating(world: Any) -> None:
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "dissatisfied", solved=False, redo_requested=True)).json()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await world.apply()
    await world.rate(ticket, "satisfied")
    found = indicator(await world.scorecard("2026-03"), "satisfied")
    assert (found["numerator"], found["denominator"], found["excluded"]) == (1, 1, {})


@pytest.mark.rule("I3")
@pytest.mark.parametrize(("stands", "counted"), [(True, (0, 1, {})), (False, None)])
async def test_whether_a_first_rating_stands_in_is_the_policys(
    world: Any, stands: bool, counted: tuple[int, int, dict[str, int]] | None
) -> None:
    later = POLICY_1.model_copy(update={"version": 2, "effective_from": datetime(2026, 1, 1, tzinfo=UTC)})
    await world.policy(later, scorecard={"first_rating_stands": stands})
    ticket = world.ticket()
    await ticket.in_follow_up()
    first = (await world.rate(ticket, "dissatisfied", redo_requested=True)).json()
    await ticket.redo_ordered(UUID(first["rating_id"]))
    await ticket.approved(2)
    await ticket.closed()
    await world.apply()
    card = await world.scorecard("2026-03")
    assert card["policy_version"] == 2
    if counted is None:
        assert card["items"] == []
    else:
        found = indicator(card, "satisfied")
        assert (found["numerator"], found["denominator"], found["excluded"]) == counted


@pytest.mark.rule("N9")
async def test_ratings_count_in_the_month_they_are_formed(world: Any) -> None:
    world.clock.set(LAST - timedelta(minutes=1))
    early, late = world.ticket(), world.ticket()
    for ticket in (early, late):
        await ticket.in_follow_up()
    await world.rate(early)
    body = (await world.rate(late, "dissatisfied", redo_requested=True)).json()
    world.clock.set(LAST + MICROSECOND)
    await late.redo_refused(UUID(body["rating_id"]))
    await world.apply()
    march, april = await world.scorecard("2026-03"), await world.scorecard("2026-04")
    assert [indicator(card, "satisfied")["numerator"] for card in (march, april)] == [1, 0]


async def town(world: Any) -> None:
    """Six departments with five due tickets each, the first ones better; one county; one child unit."""
    for number in range(1, 7):
        code = f"520400-D0{number}"
        await world.unit(code)
        for place in range(5):
            await handled(world, code, late=place < number - 1)
    await world.unit("520402", group="county")
    for _ in range(5):
        await handled(world, "520402")
    await world.unit("520400-D0601", parent="520400-D06")
    await handled(world, "520400-D0601")
    await world.apply()


@pytest.mark.rule("N10")
async def test_units_are_ranked_within_their_group(world: Any) -> None:
    await town(world)
    items = (await world.scorecard("2026-03"))["items"]
    assert [(item["unit"], item["rank"], item["bottom"]) for item in items] == [
        ("520402", 1, False),
        ("520400-D01", 1, False),
        ("520400-D02", 2, False),
        ("520400-D03", 3, False),
        ("520400-D04", 4, False),
        ("520400-D05", 5, False),
        ("520400-D06", 6, True),
        ("520400-D0601", None, False),
    ]


@pytest.mark.rule("N10")
async def test_a_unit_sees_its_subtrees_items_with_their_true_ranks(world: Any) -> None:
    await town(world)

    async def seen(*roles: str, unit: str | None = None, query: str = "") -> list[tuple[str, int | None]]:
        card = await world.scorecard("2026-03", *roles, unit=unit, query=query)
        return [(item["unit"], item["rank"]) for item in card["items"]]

    assert await seen("unit_leader", unit="520400-D06") == [("520400-D06", 6), ("520400-D0601", None)]
    assert await seen("unit_leader", unit="520400-D06", query="?unit=520400-D01") == []
    assert await seen("assessor", query="?unit=520400-D03") == [("520400-D03", 3)]
    assert await seen("unit_handler", unit="520400-D99") == []
    for role in ("agent", "dispatcher", "reviewer", "inspector", "admin", "knowledge_editor"):
        assert len(await seen(role)) == 8


async def test_a_unit_that_moved_keeps_its_newest_group(world: Any) -> None:
    await world.unit("520400-D01", group="public_service", version=2)
    await handled(world, "520400-D01")
    await world.apply()
    assert (await world.scorecard("2026-03"))["items"][0]["group"] == "public_service"


async def test_months_that_are_none_and_roles_that_may_not_are_refused(world: Any) -> None:
    async with world.client("auditor") as client:
        for month in ("2026-13", "2026-3", "26-03", "0999-01", "2026-03-01"):
            assert (await client.get(f"/api/v1/scorecards/{month}")).status_code == 422
        assert (await client.get("/api/v1/scorecards/2999-12")).status_code == 200
    async with world.client("channel_client") as client:
        assert (await client.get("/api/v1/scorecards/2026-03")).status_code == 403


async def test_without_a_policy_there_is_no_scorecard_yet(new_world: Any) -> None:
    world = await new_world()
    async with world.client("auditor") as client:
        answer = await client.get("/api/v1/scorecards/2026-03")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:hotline:problem:unavailable")


async def test_a_policy_stored_before_there_were_scorecards_goes_by_the_defaults(world: Any) -> None:
    async with world.service.database.transaction() as transaction:
        await transaction.connection.execute(
            "UPDATE policies SET document = document - 'scorecard' - 'follow_up'"
        )
    await handled(world, "520400-D01")
    await world.apply()
    assert indicator(await world.scorecard("2026-03"), "on_time")["of"] == 15


async def test_a_machines_role_opened_the_whole_citys_scores_to_a_units_person(world: Any) -> None:
    await handled(world, "520400-D01")
    await world.apply()
    card = await world.scorecard("2026-03", "unit_handler", "channel_client", unit="520400-D02")
    assert card["items"] == []


@pytest.mark.parametrize("month", ["1000-01", "2003-12"])
async def test_a_month_before_the_first_policy_was_to_be_asked_again_later(world: Any, month: str) -> None:
    async with world.client("auditor") as client:
        answer = await client.get(f"/api/v1/scorecards/{month}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/month")
    assert (await world.scorecard("2004-01"))["policy_version"] == 1
