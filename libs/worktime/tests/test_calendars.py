"""Calendars: layers, notices, provisional years, closing times."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest

from hotline_worktime.calendars import (
    MIDNIGHT,
    CalendarDay,
    CalendarYear,
    Layer,
    LayerStack,
    OutsideCalendar,
    Status,
    WorkCalendar,
    city_calendar,
    national_calendars,
    parse_layer,
)

WEDNESDAY = date(2026, 3, 4)


def year_of(
    layer: str, *days: CalendarDay, year: int = 2026, version: int = 1, status: Status = "confirmed"
) -> CalendarYear:
    return CalendarYear(year, layer, version, status, "for this test", days)


def off(on: date) -> CalendarDay:
    return CalendarDay(on, working=False, name="休")


def worked(on: date) -> CalendarDay:
    return CalendarDay(on, working=True, name="班")


def calendar_with(*years: CalendarYear, layers: tuple[str, ...] = ()) -> WorkCalendar:
    return WorkCalendar.of([*national_calendars(), *years], layers)


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("said", "works"),
    [
        pytest.param({}, True, id="nobody-says-anything"),
        pytest.param({"city": off}, False, id="the-city-before-the-nation"),
        pytest.param({"city": off, "county:520402": worked}, True, id="the-county-before-the-city"),
        pytest.param(
            {"county:520402": worked, "unit:520402-D01": off}, False, id="the-unit-before-the-county"
        ),
        pytest.param({"county:520403": off}, True, id="another-county-says-nothing-here"),
    ],
)
def test_the_nearest_layer_that_names_a_day_decides_it(
    said: dict[str, Callable[[date], CalendarDay]], works: bool
) -> None:
    years = [year_of(layer, day(WEDNESDAY)) for layer, day in said.items()]
    calendar = calendar_with(*years, layers=("unit:520402-D01", "county:520402"))
    assert calendar.is_working_day(WEDNESDAY) is works
    assert calendar.is_working_day(date(2026, 2, 14)), "what no nearer layer names stays as the nation has it"


@pytest.mark.rule("T1")
def test_a_span_names_the_version_of_every_layer_that_decided_it() -> None:
    calendar = calendar_with(year_of("county:520402", off(WEDNESDAY), version=3), layers=("county:520402",))
    assert calendar.versions(WEDNESDAY, WEDNESDAY) == {"national:2026": 1, "county:520402:2026": 3}
    assert calendar.versions(date(2026, 12, 31), date(2027, 1, 1)) == {
        "national:2026": 1,
        "county:520402:2026": 3,
        "national:2027": 0,
    }


@pytest.mark.rule("T1")
def test_the_highest_version_of_a_year_counts_in_whatever_order_they_come() -> None:
    first, second = year_of("city", off(WEDNESDAY)), year_of("city", version=2)
    for years in ((first, second), (second, first)):
        assert calendar_with(*years).is_working_day(WEDNESDAY)


@pytest.mark.rule("T1")
def test_a_notice_decides_days_of_the_december_before_and_is_named_only_where_it_does() -> None:
    calendar = calendar_with(year_of("national", off(date(2026, 12, 31)), year=2027))
    assert not calendar.is_working_day(date(2026, 12, 31))
    assert calendar.versions(date(2026, 12, 28), date(2026, 12, 31)) == {
        "national:2026": 1,
        "national:2027": 1,
    }
    assert calendar.versions(date(2026, 12, 28), date(2026, 12, 30)) == {"national:2026": 1}


@pytest.mark.rule("T1")
def test_the_notice_of_2006_works_the_last_saturday_of_2005_which_the_seed_library_lacks() -> None:
    assert city_calendar().is_working_day(date(2005, 12, 31))
    assert next(year.source for year in national_calendars() if "更正" in year.source).startswith(
        "国务院办公厅关于2006年"
    )


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    ("national", "city", "status"),
    [
        ("confirmed", None, "confirmed"),
        ("provisional", None, "provisional"),
        (None, "confirmed", "provisional"),
        ("confirmed", "provisional", "provisional"),
        (None, None, "provisional"),
    ],
)
def test_a_year_is_confirmed_by_a_national_notice_that_no_nearer_draft_unsettles(
    national: Status | None, city: Status | None, status: Status
) -> None:
    said = (("national", national), ("city", city))
    years = [year_of(layer, year=2027, status=known) for layer, known in said if known]
    assert calendar_with(*years).status_of(date(2027, 5, 5)) == status


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    "on",
    ["01-01", "02-05", "02-08", "04-05", "06-09", "09-15", "10-01"],
    ids=["new-year", "new-years-eve", "third-day", "qingming", "duanwu", "mid-autumn", "national-day"],
)
def test_a_year_without_a_notice_has_its_statutory_days_and_no_swaps(on: str) -> None:
    assert not city_calendar().is_working_day(date.fromisoformat(f"2027-{on}"))


@pytest.mark.rule("T1")
def test_a_year_without_a_notice_works_no_weekend_and_gives_no_day_in_lieu() -> None:
    calendar = city_calendar()
    assert calendar.is_working_day(date(2027, 2, 9)), "the weekend within Spring Festival gives nothing back"
    assert calendar.is_working_day(date(2027, 5, 3))
    weekdays, statutory_ones = 261, 7
    assert calendar.working_days_between(date(2026, 12, 31), date(2027, 12, 31)) == weekdays - statutory_ones


@pytest.mark.rule("T1")
def test_a_notice_that_names_few_days_leaves_the_statutory_ones_off() -> None:
    calendar = calendar_with(year_of("national", worked(date(2027, 2, 20)), year=2027))
    assert not calendar.is_working_day(date(2027, 10, 1))
    assert calendar.is_working_day(date(2027, 2, 20))


@pytest.mark.rule("T3")
@pytest.mark.parametrize(
    ("layers", "closes"),
    [
        (("unit:520400-E01",), MIDNIGHT),
        (("unit:520400-E01", "county:520402"), MIDNIGHT),
        (("county:520402",), time(17)),
        ((), time(17)),
    ],
)
def test_a_unit_closes_at_its_own_time(layers: tuple[str, ...], closes: time) -> None:
    closings = {Layer("unit:520400-E01"): MIDNIGHT}
    assert WorkCalendar.of(national_calendars(), LayerStack.of(layers, closings)).closes == closes


@pytest.mark.rule("T3")
@pytest.mark.parametrize("closes", [time(18), time(23, 59), time(17, 0, 1)])
def test_business_closes_at_17_or_at_24_and_at_no_other_time(closes: time) -> None:
    with pytest.raises(ValueError, match="17:00 or 24:00"):
        WorkCalendar.of((), closes=closes)


def test_counting_forth_and_back_meets() -> None:
    calendar = city_calendar()
    for n in range(1, 40):
        day = calendar.nth_working_day_after(date(2026, 9, 25), n)
        assert calendar.working_days_between(date(2026, 9, 25), day) == n
        assert calendar.previous_working_day(day, n) <= date(2026, 9, 25)
        assert calendar.previous_working_day(calendar.nth_working_day_after(day, 1)) == day


@pytest.mark.parametrize("day", [date(1991, 12, 31), date(2200, 1, 1), date.min, date.max])
def test_a_day_outside_the_calendar_is_refused_not_guessed(day: date) -> None:
    with pytest.raises(OutsideCalendar):
        city_calendar().is_working_day(day)


def test_counts_from_below_one_or_past_the_end_are_refused() -> None:
    with pytest.raises(ValueError, match="from 1"):
        city_calendar().nth_working_day_after(WEDNESDAY, 0)
    with pytest.raises(OutsideCalendar):
        city_calendar().nth_working_day_after(date(2199, 12, 31), 1)
    with pytest.raises(OutsideCalendar):
        city_calendar().previous_working_day(date(1992, 1, 1))


@pytest.mark.parametrize(
    "text", ["", "National", "county:", "unit:a", "county:520402:x", "province:52", "city\n"]
)
def test_what_is_no_layer_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not national"):
        parse_layer(text)


@pytest.mark.rule("T1")
@pytest.mark.parametrize(
    "days",
    [(off(date(2027, 1, 1)),), (off(date(2025, 11, 30)),), (off(WEDNESDAY), worked(WEDNESDAY))],
    ids=["next-year", "november-before", "twice"],
)
def test_a_calendar_year_holds_its_own_days_once(days: tuple[CalendarDay, ...]) -> None:
    with pytest.raises(ValueError, match=r"comes twice|lies neither"):
        year_of("national", *days)


def test_close_of_business_is_an_instant_in_utc() -> None:
    assert city_calendar().close_of(WEDNESDAY) == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert WorkCalendar.of((), closes=MIDNIGHT).close_of(WEDNESDAY) == datetime(2026, 3, 4, 16, tzinfo=UTC)
