"""What the system must say about a plan, worked out alone: nothing here comes from the services or worktime.

Plain arithmetic, day by day, over the plan's acts and the calendar of ``workdays``.
"""

from hotline_local.city.oracle.totals import expected_totals

__all__ = ["expected_totals"]
