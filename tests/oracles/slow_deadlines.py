"""Deadlines the slow way, day by day and minute by minute, sharing no code with the project.

The working days come from the `holidays` package, where the project's come from `chinesecalendar`: its notices with
their swaps up to 2026, its statutory days without swaps or days in lieu after that.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAST_NOTICE = 2026
SATURDAY = 5

WorksOn = Callable[[date], bool]


@cache
def _with_notices() -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=range(2003, LAST_NOTICE + 1))


@cache
def _statutory_only() -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=range(LAST_NOTICE + 1, 2061), observed=False)


@cache
def works_on(day: date) -> bool:
    if day.year <= LAST_NOTICE:
        return _with_notices().is_working_day(day)
    return day.weekday() < SATURDAY and day not in _statutory_only()


@cache
def works_without_make_up_days(day: date) -> bool:
    """A wrong calendar, to see the comparison fail: no weekend is ever worked."""
    return day.weekday() < SATURDAY and works_on(day)


def slow_working_days(
    started_at: datetime, working_days: int, closes: time = time(17), works: WorksOn = works_on
) -> tuple[datetime, datetime, bool]:
    """Return due instant, the instant one working day before, and whether it is provisional; `time(0)` is 24:00."""
    day = started_at.astimezone(SHANGHAI).date()
    counted: list[date] = []
    while len(counted) < working_days:
        day += timedelta(days=1)
        if works(day):
            counted.append(day)
    before = day - timedelta(days=1)
    while not works(before):
        before -= timedelta(days=1)
    provisional = any(on.year > LAST_NOTICE for on in counted)
    return _end(day, closes), _end(before, closes), provisional


def slow_working_hours(started_at: datetime, hours: int) -> datetime:
    """Return the end of working hours from 09:00 to 17:00, for a start on a whole minute, by walking each minute."""
    at = started_at.astimezone(SHANGHAI)
    left = hours * 60
    while True:
        if works_on(at.date()) and 9 <= at.hour < 17:
            left -= 1
        at += timedelta(minutes=1)
        if left == 0:
            return at.astimezone(UTC)


def slow_natural_days(started_at: datetime, days: int) -> datetime:
    day = started_at.astimezone(SHANGHAI).date()
    for _ in range(days):
        day += timedelta(days=1)
    return _end(day, time(0))


def _end(day: date, closes: time) -> datetime:
    on = day + timedelta(days=1) if closes == time(0) else day
    return datetime.combine(on, closes, SHANGHAI).astimezone(UTC)
