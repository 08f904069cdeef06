"""The fast deadlines agree with the slow ones, day by day, 2004 to 2030."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline_worktime.calendars import (
    CLOSE_OF_BUSINESS,
    MIDNIGHT,
    WorkCalendar,
    city_calendar,
    national_calendars,
)
from hotline_worktime.deadlines import (
    NaturalDays,
    WorkingDays,
    WorkingDaysBefore,
    WorkingHours,
    deadline,
    due_at,
    due_many,
)

from .slow_deadlines import (
    slow_natural_days,
    slow_working_days,
    slow_working_hours,
    works_on,
    works_without_make_up_days,
)

ZONES = st.sampled_from(
    [
        UTC,
        timezone(timedelta(hours=8)),
        ZoneInfo("Asia/Shanghai"),
        ZoneInfo("America/New_York"),
        timezone(timedelta(hours=-11)),
    ]
)
INSTANTS = st.datetimes(datetime(2004, 1, 1), datetime(2030, 12, 31, 23, 59, 59, 999999), timezones=ZONES)  # noqa: DTZ001
LENGTHS = st.integers(1, 60)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_CLOSING = {
    closes: WorkCalendar.of(national_calendars(), closes=closes) for closes in (CLOSE_OF_BUSINESS, MIDNIGHT)
}


@pytest.mark.rule("T1")
def test_every_day_of_2004_to_2060_is_worked_or_not_as_another_library_says() -> None:
    day, calendar = date(2004, 1, 1), city_calendar()
    while day.year < 2061:
        assert calendar.is_working_day(day) == works_on(day), day
        day += timedelta(days=1)


@pytest.mark.rule("T1")
@pytest.mark.rule("T3")
@pytest.mark.rule("T4")
@settings(max_examples=600, deadline=None)
@given(INSTANTS, LENGTHS, st.sampled_from([time(17), time(0)]))
def test_working_days_end_warn_and_are_provisional_as_counted_by_hand(
    started_at: datetime, working_days: int, closes: time
) -> None:
    calendar = BY_CLOSING[closes]
    found = deadline(started_at, WorkingDays(working_days), WorkingDaysBefore(1), calendar)
    due, warn, provisional = slow_working_days(started_at, working_days, closes)
    assert (found.due_at, found.warn_at, found.calendar_status == "provisional") == (due, warn, provisional)
    assert due_at(started_at, working_days, calendar) == due
    assert due_at(started_at.astimezone(UTC), working_days, calendar) == due


@pytest.mark.rule("T3")
@settings(max_examples=300, deadline=None)
@given(st.lists(INSTANTS, min_size=1, max_size=20), LENGTHS, st.sampled_from([time(17), time(0)]))
def test_many_deadlines_at_once_are_the_single_ones(
    starts: list[datetime], working_days: int, closes: time
) -> None:
    calendar = BY_CLOSING[closes]
    many = due_many(np.array([_microseconds(at) for at in starts]), working_days, calendar)
    assert many.tolist() == [_microseconds(due_at(at, working_days, calendar)) for at in starts]


@pytest.mark.rule("H4")
@settings(max_examples=60, deadline=None)
@given(INSTANTS.map(lambda at: at.replace(second=0, microsecond=0)), st.integers(1, 20))
def test_working_hours_end_where_a_walk_over_each_minute_ends(started_at: datetime, hours: int) -> None:
    assert deadline(started_at, WorkingHours(hours), None, city_calendar()).due_at == slow_working_hours(
        started_at, hours
    )


@pytest.mark.rule("T3")
@settings(max_examples=200, deadline=None)
@given(INSTANTS, LENGTHS)
def test_natural_days_end_at_midnight_whatever_the_calendar(started_at: datetime, days: int) -> None:
    assert deadline(started_at, NaturalDays(days), None, city_calendar()).due_at == slow_natural_days(
        started_at, days
    )


@pytest.mark.rule("T3")
@settings(max_examples=200, deadline=None)
@given(INSTANTS, st.timedeltas(timedelta(), timedelta(days=40)), LENGTHS)
def test_a_later_start_or_a_longer_limit_is_never_due_earlier(
    started_at: datetime, later: timedelta, working_days: int
) -> None:
    calendar = city_calendar()
    first = due_at(started_at, working_days, calendar)
    assert first <= due_at(started_at.astimezone(UTC) + later, working_days, calendar)
    assert first < due_at(started_at, working_days + 1, calendar)
    assert first > started_at


@pytest.mark.rule("T3")
def test_the_comparison_fails_for_a_calendar_without_make_up_days() -> None:
    saturday_that_is_worked = datetime(2026, 2, 13, 2, tzinfo=UTC)
    fast = due_at(saturday_that_is_worked, 1, city_calendar())
    assert fast == slow_working_days(saturday_that_is_worked, 1)[0]
    assert fast != slow_working_days(saturday_that_is_worked, 1, works=works_without_make_up_days)[0]


@pytest.mark.rule("T1")
def test_the_day_by_day_check_fails_for_a_seed_whose_make_up_days_are_dropped() -> None:
    dropped = [
        type(year)(
            year.year,
            year.layer,
            1,
            year.status,
            year.source,
            tuple(day for day in year.days if not day.working),
        )
        for year in national_calendars()
    ]
    mutant = WorkCalendar.of(dropped)
    wrong = [
        day
        for day in map(date.fromordinal, range(731581, 739983))
        if mutant.is_working_day(day) != works_on(day)
    ]
    assert len(wrong) > 100
    assert all(works_on(day) and day.weekday() >= 5 for day in wrong)


def _microseconds(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)
