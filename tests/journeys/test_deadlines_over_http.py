"""``GET /deadlines`` against an oracle that goes day by day and shares no code with the project."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.oracles.slow_deadlines import slow_working_days

from .conftest import City

FIRST = datetime(2004, 1, 1, tzinfo=UTC)
SPAN_SECONDS = int((datetime(2030, 12, 1, tzinfo=UTC) - FIRST).total_seconds())
BY_TYPE = ("consultation", "help", "opinion", "suggestion", "complaint", "report")
HANDLE = dict(zip(BY_TYPE, (2, 5, 5, 5, 10, 10), strict=True))
REDO = dict(zip(BY_TYPE, (1, 2, 2, 2, 5, 5), strict=True))
WORKING_DAYS = {
    "sign": 1,
    "follow_up": 3,
    "appeal_decision": 5,
    "knowledge_answer": 2,
    "knowledge_correction": 2,
    "rectification": 5,
    "return_decision": 1,
    "extension_decision": 1,
    "redo_decision": 1,
    "reply_review": 1,
    "dispute_decision": 3,
    "return_window": 1,
    "appeal_window": 3,
    "objection_window": 3,
}
DUTIES = (
    "sign", "handle", "redo", "interim_feedback", "follow_up", "appeal_decision", "knowledge_answer",
    "knowledge_correction", "oversight_answer", "rectification", "screening", "dispatch", "return_decision",
    "extension_decision", "redo_decision", "reply_review", "dispute_decision", "return_window",
    "appeal_window", "objection_window",
)  # fmt: skip


async def ask(city: City, **query: Any) -> Any:
    return await city.client.get("/api/v1/deadlines", token=city.token("auditor"), query=query)


@pytest.mark.rule("T1")
@pytest.mark.rule("T3")
async def test_random_instants_of_27_years_agree_with_the_slow_oracle(city: City) -> None:
    chance = random.Random(2026)
    for _ in range(600):
        offset = timezone(timedelta(hours=chance.choice([-7, 0, 8, 9])))
        start = (FIRST + timedelta(seconds=chance.randrange(SPAN_SECONDS))).astimezone(offset)
        kind = chance.choice(BY_TYPE)
        duty, days = chance.choice([("handle", HANDLE[kind]), ("redo", REDO[kind]), *WORKING_DAYS.items()])
        found = await ask(city, duty=duty, type=kind, **{"from": start.isoformat()})
        due_at, _, provisional = slow_working_days(start, days)
        assert datetime.fromisoformat(found["due_at"]) == due_at, (duty, kind, start)
        assert found["calendar_status"] == ("provisional" if provisional else "confirmed"), (duty, start)


@pytest.mark.rule("N7")
async def test_two_natural_hours_and_fifteen_minutes_run_day_and_night(city: City) -> None:
    start = "2026-02-16T23:20:00+08:00"
    interim = await ask(city, duty="interim_feedback", emergent="public_safety", **{"from": start})
    assert datetime.fromisoformat(interim["due_at"]) == datetime.fromisoformat("2026-02-17T01:20:00+08:00")
    sign = await ask(city, duty="sign", emergent="public_safety", **{"from": start})
    assert datetime.fromisoformat(sign["due_at"]) == datetime.fromisoformat("2026-02-16T23:35:00+08:00")
    outage = await ask(city, duty="sign", emergent="area_outage", **{"from": start})
    assert datetime.fromisoformat(outage["due_at"]) == datetime.fromisoformat("2026-02-16T23:50:00+08:00")


async def test_every_duty_and_window_can_be_asked(city: City) -> None:
    for duty in DUTIES:
        found = await ask(city, duty=duty, type="complaint", emergent="public_safety")
        assert found["policy_version"] == 1, duty
        assert found["origin"] in {"note", "default", "province", "city"}, duty
        if duty.endswith("_window"):
            assert found["warn_at"] is None, duty


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"duty": "handle", "type": "praise"}, id="praise need not be handled"),
        pytest.param({"duty": "interim_feedback", "type": "help"}, id="nothing emergent"),
    ],
)
async def test_a_duty_without_a_limit_is_refused_not_guessed(city: City, query: dict[str, str]) -> None:
    answer = await city.client.call("GET", "/api/v1/deadlines", token=city.token("auditor"), query=query)
    assert answer.status == 422
    assert answer.json()["type"] == "urn:hotline:problem:no-limit"
