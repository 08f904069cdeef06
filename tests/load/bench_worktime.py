"""P5: what a deadline costs, against a loop that goes day by day over a holiday set."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import chinese_calendar.constants
import numpy as np

from hotline_worktime.calendars import city_calendar
from hotline_worktime.deadlines import due_at, due_many

Row = dict[str, object]

ROUNDS = 9
WORKING_DAYS = 10  # first handling of a complaint, the longest limit of policy 1
SINGLE = 4_000  # divides a million
REPEATS = 50  # so that ours is measured about as long as the loop, not in one blink
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
    """Measure one deadline against the loop, alone and among a million, and the million itself."""
    calendar = city_calendar()
    starts = _starts()
    if [day_by_day(at, WORKING_DAYS) for at in starts] != [
        due_at(at, WORKING_DAYS, calendar) for at in starts
    ]:
        raise AssertionError("the loop and ours disagree: there is nothing to compare")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    many = np.tile(np.array([(at - epoch) // timedelta(microseconds=1) for at in starts]), MANY // SINGLE)
    loop, alone, million = _interleaved(
        lambda: [day_by_day(at, WORKING_DAYS) for at in starts],
        lambda: [due_at(at, WORKING_DAYS, calendar) for _ in range(REPEATS) for at in starts],
        lambda: due_many(many, WORKING_DAYS, calendar),
    )
    floor = loop / SINGLE * 1e9
    what = f"one deadline of {WORKING_DAYS} working days"
    return [
        _row(
            "P5",
            f"{what}, aware in and out, against a day-by-day loop",
            floor,
            alone / (SINGLE * REPEATS) * 1e9,
            "ns",
            50,
            500,
        ),
        _row(
            "P5a",
            f"{what} among a million, against the same loop",
            floor,
            million / MANY * 1e9,
            "ns",
            50,
            500,
        ),
        _row(
            "P5b", "a million deadlines at once; the floor is the time allowed", 50, million * 1e3, "ms", 1, 1
        ),
    ]


def _starts() -> list[datetime]:
    dice = random.Random(5204)  # a fixed sample
    first, twenty_years = datetime(2006, 1, 1, tzinfo=UTC), 20 * 365 * 86_400
    return [first + timedelta(seconds=dice.randrange(twenty_years)) for _ in range(SINGLE)]


def _row(name: str, what: str, floor: float, ours: float, unit: str, least: float, aim: float) -> Row:
    ratio = floor / ours
    return {
        "row": name,
        "what": what,
        "floor": round(floor, 2),
        "ours": round(ours, 2),
        "ratio": round(ratio, 1),
        "unit": unit,
        "pass": least,
        "aim": aim,
        "passed": ratio >= least,
    }


def _interleaved(*runs: Callable[[], object]) -> list[float]:
    """Return the median seconds of each, measured in turns so that all meet the same noise."""
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, seconds in zip(runs, taken, strict=True):
            started = perf_counter()
            run()
            seconds.append(perf_counter() - started)
    return [median(seconds) for seconds in taken]


if __name__ == "__main__":
    for row in rows():
        print(row)
