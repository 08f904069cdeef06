"""When a duty is due and when it warns. Pure: no clock, no I/O, no settings.

Instants come in aware, in any zone, and go out in UTC. Days are those of Shanghai.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from hotline_worktime.calendars import FIRST_AT, FIRST_ON, LAST_ON, OutsideCalendar, Status, WorkCalendar
from hotline_worktime.limits import (
    Limit,
    NaturalDays,
    NaturalHours,
    NaturalHoursBefore,
    NaturalMinutes,
    NaturalMinutesBefore,
    WarningBefore,
    WorkingDays,
    WorkingDaysBefore,
    WorkingHours,
)

__all__ = [
    "Deadline",
    "Limit",
    "NaturalDays",
    "NaturalHours",
    "NaturalHoursBefore",
    "NaturalMinutes",
    "NaturalMinutesBefore",
    "WarningBefore",
    "WorkingDays",
    "WorkingDaysBefore",
    "WorkingHours",
    "deadline",
    "due_at",
    "due_many",
    "extended",
]

_OFFSET: Final = timedelta(hours=8)  # Shanghai, since 1991 without exception
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_NAIVE: Final = "an instant must be aware"
_DAY_US: Final = 86_400_000_000
_FIRST_US: Final = (FIRST_AT - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class Deadline:
    """The end of a duty's limit.

    Attributes:
        due_at: UTC; a duty met at this very instant is in time, one microsecond later is late.
        warn_at: UTC; yellow from this instant on, which may lie before the start (yellow from the start). None: the
            duty does not warn.
        calendar_status: `provisional` exactly when a counted working day lies in a provisional year. Days that only
            place the warning do not count, nor do natural days, hours and minutes, which no notice can move.
        calendar_versions: the versions that decided the days from the first one that could count to the last that
            did, as `{"national:2026": 1}`; empty for natural limits. Shared between equal deadlines: read it only.
    """

    due_at: datetime
    warn_at: datetime | None
    calendar_status: Status
    calendar_versions: Mapping[str, int]


def due_at(started_at: datetime, working_days: int, calendar: WorkCalendar) -> datetime:
    """Return the close of business of the N-th working day after `started_at`'s day, in UTC.

    The short way for callers that need nothing else of `deadline`.

    Raises:
        ValueError: `started_at` is naive, or `working_days` below 1.
        OutsideCalendar: start or end lies before 1992 or after 2199.

    Source: rule T3.
    """
    try:
        # One subtraction is the whole way from any zone to the day in Shanghai.
        return calendar.dues[working_days][(started_at - FIRST_AT).days]
    except KeyError:
        return calendar.close_after((started_at - FIRST_AT).days, working_days)
    except TypeError:
        raise ValueError(_NAIVE) from None


def due_many(started_us: NDArray[np.int64], working_days: int, calendar: WorkCalendar) -> NDArray[np.int64]:
    """Return `due_at` of many instants at once, in and out microseconds since 1970 UTC.

    Raises:
        OutsideCalendar: a start or end lies before 1992 or after 2199.

    Source: rule T3.
    """
    dues = calendar.due_microseconds(working_days)
    days = (started_us - _FIRST_US) // _DAY_US
    if days.size and (days.min() < 0 or days.max() >= dues.size):
        raise OutsideCalendar("a start, or the end of its count, lies outside the calendar")
    return dues[days]


def deadline(
    started_at: datetime, limit: Limit, warning: WarningBefore | None, calendar: WorkCalendar
) -> Deadline:
    """Return when a duty that starts at `started_at` is due and warns.

    Raises:
        ValueError: `started_at` is naive.
        OutsideCalendar: a day that is needed lies before 1992 or after 2199.

    Source: rules T3 and T4.
    """
    start = _in_utc(started_at)
    counted: tuple[date, date] | None = None
    match limit:
        case WorkingDays():
            return _of_working_days(_day_of(start), limit.n, warning, calendar)
        case WorkingHours():
            first, last, due = _end_of_hours(start, limit, calendar)
            counted = first, last
        case NaturalDays():
            last = _day_of(start) + timedelta(days=limit.n)
            due = _at_midnight(last + _DAY)
        case NaturalHours():
            due = start + timedelta(hours=limit.n)
            last = _day_of(due)
        case NaturalMinutes():
            due = start + timedelta(minutes=limit.n)
            last = _day_of(due)
        case _:
            assert_never(limit)
    return _assemble(due, last, counted, warning, calendar)


def extended(
    original: Deadline, working_days: int, warning: WarningBefore | None, calendar: WorkCalendar
) -> Deadline:
    """Return `original` prolonged by working days, counted from the day it was due on.

    A limit that ends at 24:00 is due on the day that ends, not on the one that begins. A day that was counted stays
    counted: provisional days of either part make the whole provisional.

    Source: rules I2 and T3.
    """
    added = _of_working_days(_day_of(original.due_at - _MICROSECOND), working_days, warning, calendar)
    status: Status = (
        "provisional" if "provisional" in {original.calendar_status, added.calendar_status} else "confirmed"
    )
    return Deadline(
        added.due_at, added.warn_at, status, {**original.calendar_versions, **added.calendar_versions}
    )


@lru_cache(maxsize=16_384)
def _of_working_days(
    start_on: date, working_days: int, warning: WarningBefore | None, calendar: WorkCalendar
) -> Deadline:
    """Return the one deadline that all starts of a day share: consumers ask for the same days in bursts."""
    last = calendar.nth_working_day_after(start_on, working_days)
    return _assemble(calendar.close_of(last), last, (start_on + _DAY, last), warning, calendar)


def _assemble(
    due: datetime,
    last: date,
    counted: tuple[date, date] | None,
    warning: WarningBefore | None,
    calendar: WorkCalendar,
) -> Deadline:
    warn = None if warning is None else _warn_at(due, last, warning, calendar)
    if counted is None:
        return Deadline(due, warn, "confirmed", {})
    first_that_counts = calendar.nth_working_day_after(counted[0] - _DAY, 1)
    provisional = calendar.is_provisional_span(first_that_counts, last)
    return Deadline(due, warn, "provisional" if provisional else "confirmed", calendar.versions(*counted))


def _warn_at(due: datetime, last: date, warning: WarningBefore, calendar: WorkCalendar) -> datetime:
    match warning:
        case WorkingDaysBefore():
            # Whole days, so the wall-clock time stays.
            return due - (last - calendar.previous_working_day(last, warning.n))
        case NaturalHoursBefore():
            return due - timedelta(hours=warning.n)
        case NaturalMinutesBefore():
            return due - timedelta(minutes=warning.n)
        case _:
            assert_never(warning)


def _end_of_hours(
    start: datetime, limit: WorkingHours, calendar: WorkCalendar
) -> tuple[date, date, datetime]:
    """Return the first day that counted, the last, and the end; hours that fill a day end at its close."""
    today = _day_of(start)
    midnight = _at_midnight(today)
    opens, closes = _since_midnight(limit.opens), _since_midnight(limit.closes)
    whole_day = closes - opens
    works = calendar.is_working_day(today)
    elapsed = min(max(start - midnight - opens, timedelta()), whole_day) if works else timedelta()
    further_days, into_day = divmod(elapsed + timedelta(hours=limit.n) - _MICROSECOND, whole_day)
    first = today if works and elapsed < whole_day else calendar.nth_working_day_after(today, 1)
    further_days += not works
    last = calendar.nth_working_day_after(today, further_days) if further_days else today
    return first, last, _at_midnight(last) + opens + into_day + _MICROSECOND


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _in_utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(_NAIVE)
    if (
        not FIRST_ON.year - 1 <= instant.year <= LAST_ON.year + 1
    ):  # the ends of datetime itself would overflow
        raise OutsideCalendar(f"{instant.year} lies outside {FIRST_ON} to {LAST_ON}")
    return instant.astimezone(UTC)


def _day_of(instant: datetime) -> date:
    return (instant + _OFFSET).date()


def _at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - _OFFSET
