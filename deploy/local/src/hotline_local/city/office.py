"""When people act: office hours of units, and the hours of the hotline's own desks."""

import random
from datetime import date, datetime, time, timedelta

from hotline_local.city.workdays import SHANGHAI, at_time, working_day_after, works_on

OPENS, LEAVES = time(9), time(17, 30)
DESK_OPENS, DESK_CLOSES = time(8), time(21)
MORNING = 50
"""Minutes within which what waited over night is taken up."""


def minutes(rng: random.Random, low: float, high: float) -> timedelta:
    """Between so many minutes, to the second and never a whole minute: no deadline is met on its dot."""
    return timedelta(minutes=int(rng.uniform(low, high)), seconds=rng.randrange(1, 60))


def in_office(rng: random.Random, at: datetime) -> datetime:
    """``at``, or the morning after it if nobody is in the office then."""
    local = at.astimezone(SHANGHAI)
    day = local.date()
    if works_on(day) and OPENS <= local.time() <= LEAVES:
        return local
    if not (works_on(day) and local.time() < OPENS):
        day = working_day_after(day, 1)
    return at_time(day, OPENS) + minutes(rng, 0, MORNING)


def on_desk(rng: random.Random, at: datetime) -> datetime:
    """``at``, or the next morning: the hotline's desks are open every day."""
    local = at.astimezone(SHANGHAI)
    if DESK_OPENS <= local.time() < DESK_CLOSES:
        return local
    day = local.date() + timedelta(days=local.time() >= DESK_CLOSES)
    return at_time(day, DESK_OPENS) + minutes(rng, 0, MORNING)


def some_time_on(rng: random.Random, day: date, latest: time = time(16, 50)) -> datetime:
    """An instant of an office day, by default before the close of business."""
    opens = at_time(day, OPENS)
    return opens + minutes(rng, 1, (at_time(day, latest) - opens) / timedelta(minutes=1))
