"""Working days of 2026, counted one by one: for the generator and for the oracle, which may not ask the product.

Source: the State Council's notice for 2026. Other years have weekends only.
"""

from datetime import date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
CLOSES = time(17)
_DAY = timedelta(days=1)
_FRIDAY = 4


def _span(first: str, last: str) -> set[date]:
    day, end = date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}")
    return {day + _DAY * n for n in range((end - day).days + 1)}


HOLIDAYS = (
    _span("01-01", "01-03")
    | _span("02-15", "02-23")
    | _span("04-04", "04-06")
    | _span("05-01", "05-05")
    | _span("06-19", "06-21")
    | _span("09-25", "09-27")
    | _span("10-01", "10-07")
)
WORKED = {
    date(2026, 1, 4),
    date(2026, 2, 14),
    date(2026, 2, 28),
    date(2026, 5, 9),
    date(2026, 9, 20),
    date(2026, 10, 10),
}


def works_on(day: date) -> bool:
    return day in WORKED or (day.weekday() <= _FRIDAY and day not in HOLIDAYS)


def day_of(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()


def working_day_after(day: date, n: int) -> date:
    """The ``n``-th working day after ``day``, which itself is never counted; ``day`` for 0."""
    while n:
        day += _DAY
        n -= works_on(day)
    return day


def working_day_before(day: date) -> date:
    day -= _DAY
    while not works_on(day):
        day -= _DAY
    return day


def at_time(day: date, moment: time) -> datetime:
    return datetime.combine(day, moment, SHANGHAI)


def close_of(day: date) -> datetime:
    return at_time(day, CLOSES)
