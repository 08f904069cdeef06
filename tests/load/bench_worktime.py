"""P5: what a deadline costs, against a loop that goes day by day over a holiday set."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import chinese_calendar.constants
import numpy as np

from hotline_worktime.calendars import city_calendar
from hotline_worktime.deadlines import due_at, due_many

Row = dict[str, object]

ROUNDS = 7
WORKING_DAYS = 10  # first handling of a complaint, the longest limit of policy 1
SINGLE = 4_000
MANY = 1_000_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOLIDAYS = frozenset(chinese_calendar.constants.holidays)
MAKE_UP_DAYS = frozenset(chinese_calendar.constants.workdays)
SATURDAY = 5


def day_by_day(started_at: datetime, working_days: int) -> datetime:
    """The floor: the plain loop that one writes first, with the holidays already in a set."""
    day = started_at.astimezone(SHANGHAI).date()
    remaining = working_days
    while remaining:
        day += timedelta(days=1)
        if day in MAKE_UP_DAYS or (day.weekday() < SATURDAY and day not in HOLIDAYS):
            remaining -= 1
    return datetime.combine(day, time(17), SHANGHAI).astimezone(UTC)


def rows() -> list[Row]:
    """Measure one deadline against the loop, and a million at once."""
    return [_one_deadline(), _a_million()]


def _one_deadline() -> Row:
    calendar = city_calendar()
    dice = random.Random(5204)  # noqa: S311  a fixed sample
    first = datetime(2006, 1, 1, tzinfo=UTC)
    starts = [first + timedelta(seconds=dice.randrange(20 * 365 * 86_400)) for _ in range(SINGLE)]
    slow = [day_by_day(at, WORKING_DAYS) for at in starts]
    if slow != [due_at(at, WORKING_DAYS, calendar) for at in starts]:
        raise AssertionError("the loop and ours disagree: nothing to measure")
    floor, ours = _interleaved(
        lambda: [day_by_day(at, WORKING_DAYS) for at in starts],
        lambda: [due_at(at, WORKING_DAYS, calendar) for at in starts],
    )
    ratio = floor / ours
    return {
        "row": "P5",
        "what": f"one deadline of {WORKING_DAYS} working days, aware in and out, against a day-by-day loop",
        "floor": round(floor / SINGLE * 1e9, 1),
        "ours": round(ours / SINGLE * 1e9, 1),
        "ratio": round(ratio, 1),
        "unit": "ns",
        "pass": ">= 50",
        "aim": ">= 500",
        "passed": ratio >= 50,
    }


def _a_million() -> Row:
    calendar = city_calendar()
    day = (date(2006, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000_000
    starts = np.random.default_rng(5204).integers(day, day + 20 * 365 * 86_400_000_000, MANY)
    ours, _ = _interleaved(lambda: due_many(starts, WORKING_DAYS, calendar), lambda: None)
    milliseconds = ours * 1000
    return {
        "row": "P5b",
        "what": "a million deadlines, vectorised; the floor is the allowed time",
        "floor": 50.0,
        "ours": round(milliseconds, 2),
        "ratio": round(50.0 / milliseconds, 2),
        "unit": "ms",
        "pass": ">= 1",
        "aim": ">= 1",
        "passed": milliseconds < 50,
    }


def _interleaved(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Return the median seconds of each, measured in turns so that both meet the same noise."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, seconds in zip((one, other), taken, strict=True):
            started = perf_counter()
            run()
            seconds.append(perf_counter() - started)
    return median(taken[0]), median(taken[1])


if __name__ == "__main__":
    for row in rows():
        print(row)
