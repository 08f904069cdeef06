"""A city's day: generated from a seed, played in virtual time, compared with an independent reckoning.

``city_requests`` is the load generator, ``make_plan`` and ``expected_totals`` what an audit compares with.
"""

from hotline_local.city.arrivals import city_requests
from hotline_local.city.generator import CITY_BEGINS_AT, make_plan
from hotline_local.city.plan import Plan, Spec

__all__ = ["CITY_BEGINS_AT", "Plan", "Spec", "city_requests", "make_plan"]
