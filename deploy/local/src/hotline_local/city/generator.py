"""Makes a plan from its spec. Pure: the same spec gives the same plan."""

from datetime import date, timedelta

from hotline_local.city.arrivals import arrivals_of_day
from hotline_local.city.bursts import SHIFT_BEGINS, occasions
from hotline_local.city.lives import life_of
from hotline_local.city.plan import Plan, Spec
from hotline_local.city.profiles import profile_names
from hotline_local.city.workdays import at_time

FIRST_DAY = date(2026, 4, 30)
"""A Thursday, the last working day before Labour Day: five days off, then Saturday 9 May is worked."""
CITY_BEGINS_AT = at_time(FIRST_DAY, SHIFT_BEGINS)
FOLLOWED = timedelta(days=21, hours=10)
"""How long after the last day's begin the clock is left: Friday 22 May 18:00 for one day."""


def make_plan(spec: Spec) -> Plan:
    """Everything that will be said and done."""
    ends = CITY_BEGINS_AT + timedelta(days=spec.days) + FOLLOWED
    profiles = profile_names(spec.seed)
    lives = [
        life_of(arrival, spec.seed, profiles, ends)
        for number in range(spec.days)
        for arrival in arrivals_of_day(spec.seed, spec.scale, FIRST_DAY + timedelta(days=number), number)
    ]
    return Plan(
        spec=spec,
        begins=CITY_BEGINS_AT,
        ends=ends,
        lives=tuple(sorted(lives, key=lambda life: life.at)),
        occasions=occasions(FIRST_DAY),
    )
