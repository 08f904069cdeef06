"""The vectors, worked examples and boundaries of the rule catalogue."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hotline_worktime.calendars import (
    MIDNIGHT,
    OutsideCalendar,
    WorkCalendar,
    city_calendar,
    national_calendars,
)
from hotline_worktime.deadlines import (
    Deadline,
    Limit,
    NaturalDays,
    NaturalHours,
    NaturalMinutes,
    NaturalMinutesBefore,
    WorkingDays,
    WorkingDaysBefore,
    WorkingHours,
    deadline,
    due_at,
    due_many,
    extended,
)
from hotline_worktime.policy import POLICY_1, Duty, Emergent, TicketType, Window

SHANGHAI = timezone(timedelta(hours=8))


def at(text: str, year: int = 2026) -> datetime:
    whole = text if text.count("-") > 1 else f"{year}-{text}"
    return datetime.fromisoformat(whole).replace(tzinfo=SHANGHAI)


@pytest.mark.rule("T3")
@pytest.mark.parametrize(
    ("start", "working_days", "due"),
    [
        pytest.param("02-13T10:00", 1, "02-14T17:00", id="a-saturday-that-is-worked"),
        pytest.param("02-14T10:00", 1, "02-24T17:00", id="spring-festival-is-off"),
        pytest.param("04-30T10:00", 1, "05-06T17:00", id="labour-day"),
        pytest.param("09-18T10:00", 1, "09-20T17:00", id="a-sunday-that-is-worked"),
        pytest.param("09-19T10:00", 1, "09-20T17:00", id="saturday-to-the-worked-sunday"),
        pytest.param("10-09T10:00", 1, "10-10T17:00", id="a-worked-saturday-after-national-day"),
        pytest.param("09-30T10:00", 10, "10-20T17:00", id="ten-days-across-national-day"),
        pytest.param("02-11T10:00", 10, "03-03T17:00", id="ten-days-across-spring-festival"),
        pytest.param("09-30T15:30", 5, "10-13T17:00", id="five-days-across-national-day"),
    ],
)
@pytest.mark.parametrize("hour", [0, 10, 23])
def test_the_nth_working_day_ends_the_limit_whatever_the_hour_it_starts(
    start: str, working_days: int, due: str, hour: int
) -> None:
    started_at = at(start).replace(hour=hour)
    assert due_at(started_at, working_days, city_calendar()) == at(due)
    assert deadline(started_at, WorkingDays(working_days), None, city_calendar()).due_at == at(due)


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("start", "working_days", "due", "status", "versions"),
    [
        pytest.param(
            "2026-12-30T10:00", 1, "2026-12-31T17:00", "confirmed", {"national:2026": 1}, id="within"
        ),
        pytest.param(
            "2026-12-30T10:00",
            2,
            "2027-01-04T17:00",
            "provisional",
            {"national:2026": 1, "national:2027": 0},
            id="over",
        ),
        pytest.param(
            "2026-12-31T10:00", 1, "2027-01-04T17:00", "provisional", {"national:2027": 0}, id="all-in-2027"
        ),
        pytest.param(
            "2018-12-28T10:00",
            1,
            "2018-12-29T17:00",
            "confirmed",
            {"national:2018": 1, "national:2019": 1},
            id="december",
        ),
    ],
)
def test_nothing_fails_at_the_turn_of_the_year(
    start: str, working_days: int, due: str, status: str, versions: dict[str, int]
) -> None:
    found = deadline(at(start), WorkingDays(working_days), WorkingDaysBefore(1), city_calendar())
    assert (found.due_at, found.calendar_status, found.calendar_versions) == (at(due), status, versions)


@pytest.mark.rule("T1")
def test_only_counted_days_make_a_deadline_provisional_not_those_that_place_its_warning() -> None:
    of_2027_only = WorkCalendar.of([year for year in national_calendars() if year.year != 2025])
    found = deadline(at("2025-12-31T10:00"), WorkingDays(1), WorkingDaysBefore(1), of_2027_only)
    assert found.warn_at == at("2025-12-31T17:00")
    assert (found.due_at, found.calendar_status) == (at("2026-01-04T17:00"), "confirmed")


@pytest.mark.rule("T1")
def test_natural_limits_count_no_working_day_so_that_no_notice_can_move_them() -> None:
    for limit in (NaturalHours(2), NaturalMinutes(15), NaturalDays(30)):
        found = deadline(at("2027-03-01T10:00"), limit, None, city_calendar())
        assert (found.calendar_status, found.calendar_versions) == ("confirmed", {})


@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
@pytest.mark.parametrize(
    ("duty", "kind", "emergent", "start", "due", "warn"),
    [
        pytest.param(
            "sign", "help", None, "02-13T18:30", "02-14T17:00", "02-13T17:00", id="1-yellow-from-the-start"
        ),
        pytest.param(
            "sign",
            "consultation",
            None,
            "05-08T10:00",
            "05-09T17:00",
            "05-09T09:00",
            id="2-sign-consultation",
        ),
        pytest.param("return_window", "help", None, "09-24T16:00", "09-28T17:00", None, id="3-return-window"),
        pytest.param(
            "handle", "complaint", None, "09-30T15:30", "10-20T17:00", "10-19T17:00", id="4-handle-complaint"
        ),
        pytest.param("handle", "help", None, "04-29T10:00", "05-09T17:00", "05-08T17:00", id="5-handle-help"),
        pytest.param(
            "handle", "consultation", None, "02-13T11:00", "02-24T17:00", "02-24T09:00", id="6-consultation"
        ),
        pytest.param(
            "redo", "complaint", None, "09-28T10:00", "10-10T17:00", "10-09T17:00", id="7-redo-complaint"
        ),
        pytest.param(
            "redo",
            "consultation",
            None,
            "04-03T15:00",
            "04-07T17:00",
            "04-07T09:00",
            id="8-redo-consultation",
        ),
        pytest.param("appeal_window", "help", None, "06-18T20:15", "06-24T17:00", None, id="9-appeal-window"),
        pytest.param(
            "interim_feedback",
            "help",
            "public_safety",
            "02-16T23:20",
            "02-17T01:20",
            "02-17T00:50",
            id="10-interim",
        ),
        pytest.param(
            "interim_feedback",
            "help",
            "public_safety",
            "02-17T00:40",
            "02-17T02:40",
            "02-17T02:10",
            id="10-reassigned",
        ),
        pytest.param(
            "knowledge_answer", None, None, "04-30T16:50", "05-07T17:00", "05-06T17:00", id="12-knowledge"
        ),
        pytest.param(
            "sign", "help", "area_outage", "02-16T23:50", "02-17T00:20", "02-17T00:10", id="sign-area-outage"
        ),
        pytest.param(
            "sign",
            "report",
            "natural_disaster",
            "02-16T23:50",
            "02-17T00:05",
            "02-17T00:00",
            id="sign-emergent",
        ),
        pytest.param("dispatch", "help", None, "05-08T10:00", "05-08T12:00", "05-08T11:30", id="dispatch"),
        pytest.param(
            "dispatch",
            "help",
            "public_safety",
            "05-10T03:00",
            "05-10T03:05",
            "05-10T03:03",
            id="dispatch-emergent",
        ),
    ],
)
def test_worked_examples_of_the_catalogue(
    duty: Duty | Window,
    kind: TicketType | None,
    emergent: Emergent | None,
    start: str,
    due: str,
    warn: str | None,
) -> None:
    found = POLICY_1.deadline(duty, kind, emergent, at(start), city_calendar())
    assert found == Deadline(at(due), at(warn) if warn else None, "confirmed", found.calendar_versions)


@pytest.mark.rule("I2")
def test_worked_example_4_extended_by_ten_working_days() -> None:
    calendar = city_calendar()
    original = POLICY_1.deadline("handle", "complaint", None, at("09-30T15:30"), calendar)
    found = extended(original, 10, WorkingDaysBefore(1), calendar)
    assert (found.due_at, found.warn_at) == (at("11-03T17:00"), at("11-02T17:00"))


@pytest.mark.rule("I1")
@pytest.mark.rule("T3")
def test_worked_example_11_a_restriction_of_thirty_days_lifts_at_midnight() -> None:
    found = deadline(at("02-14T16:00"), NaturalDays(30), None, city_calendar())
    assert found.due_at == at("03-17T00:00")


@pytest.mark.rule("T3")
def test_a_unit_that_closes_at_midnight_is_due_and_warned_at_24_00() -> None:
    calendar = WorkCalendar.of(national_calendars(), closes=MIDNIGHT)
    found = deadline(at("02-13T10:00"), WorkingDays(2), WorkingDaysBefore(1), calendar)
    assert (found.due_at, found.warn_at) == (at("02-25T00:00"), at("02-15T00:00"))
    assert extended(found, 1, WorkingDaysBefore(1), calendar).due_at == at("02-26T00:00")


@pytest.mark.rule("T3")
@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param("2026-02-13T23:59:59.999999", "02-14T17:00", id="last-microsecond-of-friday"),
        pytest.param("2026-02-14T00:00:00", "02-24T17:00", id="first-of-saturday"),
    ],
)
def test_the_start_day_is_the_local_one_to_the_microsecond_in_every_zone(start: str, due: str) -> None:
    for zone in (UTC, SHANGHAI, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")):
        assert due_at(at(start).astimezone(zone), 1, city_calendar()) == at(due)


@pytest.mark.rule("H4")
@pytest.mark.parametrize(
    ("start", "due"),
    [
        pytest.param("05-08T15:00", "05-08T17:00", id="fills-the-day-to-its-close"),
        pytest.param("05-08T15:10", "05-09T09:10", id="goes-on-the-next-working-saturday"),
        pytest.param("05-08T17:00", "05-09T11:00", id="starts-at-the-close"),
        pytest.param("05-08T08:00", "05-08T11:00", id="starts-before-the-opening"),
        pytest.param("05-10T15:10", "05-11T11:00", id="starts-on-a-sunday"),
        pytest.param("12-31T16:30", "2027-01-04T10:30", id="over-the-new-year"),
    ],
)
def test_working_hours_run_from_nine_to_five_on_working_days(start: str, due: str) -> None:
    assert deadline(at(start), WorkingHours(2), None, city_calendar()).due_at == at(due)


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("start", "status"),
    [("12-31T15:00", "confirmed"), ("12-31T15:00:00.000001", "provisional"), ("12-31T17:00", "provisional")],
)
def test_working_hours_are_provisional_from_the_microsecond_that_2027_must_give(
    start: str, status: str
) -> None:
    assert deadline(at(start), WorkingHours(2), None, city_calendar()).calendar_status == status


@pytest.mark.rule("I2")
@pytest.mark.rule("T1")
def test_an_extension_into_a_provisional_year_makes_the_whole_provisional() -> None:
    calendar = city_calendar()
    original = deadline(at("12-24T10:00"), WorkingDays(5), WorkingDaysBefore(1), calendar)
    assert original.calendar_status == "confirmed"
    found = extended(original, 5, None, calendar)
    assert (found.calendar_status, found.calendar_versions) == (
        "provisional",
        {"national:2026": 1, "national:2027": 0},
    )


@pytest.mark.parametrize(
    "limit", [WorkingDays(1), WorkingHours(1), NaturalDays(1), NaturalHours(1), NaturalMinutes(1)]
)
def test_a_naive_instant_is_refused(limit: Limit) -> None:
    naive = datetime(2026, 3, 4, 10)  # noqa: DTZ001  the very thing that is refused
    with pytest.raises(ValueError, match="aware"):
        deadline(naive, limit, None, city_calendar())
    with pytest.raises(ValueError, match="aware"):
        due_at(naive, 1, city_calendar())


@pytest.mark.parametrize("year", [1, 1991, 2200, 9999])
def test_a_start_outside_the_calendar_is_refused_not_guessed(year: int) -> None:
    for zone in (UTC, SHANGHAI, timezone(timedelta(hours=-12))):
        instant = datetime(year, 6, 1, tzinfo=zone)
        with pytest.raises(OutsideCalendar):
            due_at(instant, 1, city_calendar())
        with pytest.raises(OutsideCalendar):
            deadline(instant, WorkingDays(1), None, city_calendar())
    with pytest.raises(OutsideCalendar):
        due_many(
            np.array([datetime(min(year, 2300), 6, 1, tzinfo=UTC).timestamp() * 1e6], dtype=np.int64),
            1,
            city_calendar(),
        )


def test_no_starts_have_no_deadlines() -> None:
    assert due_many(np.array([], dtype=np.int64), 1, city_calendar()).size == 0


@pytest.mark.rule("T4")
def test_minutes_before_the_end_are_minutes_of_the_clock() -> None:
    found = deadline(at("05-08T15:10"), WorkingHours(2), NaturalMinutesBefore(30), city_calendar())
    assert (found.due_at, found.warn_at) == (at("05-09T09:10"), at("05-09T08:40"))
