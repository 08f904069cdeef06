"""The month's figures of every unit and their ranking, by hand."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hotline_local.city.oracle.tickets import Ticket
from hotline_local.city.registry import the_city
from hotline_local.city.workdays import day_of

POINTS = {"on_time": 15, "solved": 20, "satisfied": 15}
UPPER = frozenset({"very_satisfied", "satisfied", "basically_satisfied"})
ENOUGH, BOTTOM_AT_MOST, BOTTOM_SHARE = 5, 3, 10
"""Due tickets from which a unit is ranked; ranked units from which a group has a bottom, and its size."""
FEWEST_FOR_BOTTOM = 5

Counted = dict[str, list[int]]
Months = dict[str, dict[str, Counted]]


def months_of(tickets: Iterable[Ticket]) -> dict[str, Any]:
    """``{month: {unit: {"group", "score", "rank", "bottom", indicator: [numerator, denominator]}}}``."""
    found: Months = defaultdict(lambda: defaultdict(lambda: {name: [0, 0] for name in POINTS}))
    for ticket in tickets:
        _count_due(ticket, found)
        _count_rating(ticket, found)
    cards = {month: _ranked(units) for month, units in sorted(found.items())}
    return {month: units for month, units in cards.items() if units}


def _count_due(ticket: Ticket, found: Months) -> None:
    """On time or late, in the month of the final deadline; what still runs in time is not due yet."""
    timers = [*ticket.of_duty("handle"), *ticket.of_duty("redo")]
    said = [timer for timer in timers if timer.state != "cancelled" or timer.red]
    if not said or (not any(timer.red for timer in said) and any(timer.state == "running" for timer in said)):
        return
    counted = found[f"{day_of(max(timer.due for timer in said)):%Y-%m}"][said[0].unit]["on_time"]
    counted[0] += not any(timer.red for timer in said)
    counted[1] += 1


def _count_rating(ticket: Ticket, found: Months) -> None:
    rating = ticket.formed
    if rating is None or rating.formed_at is None:
        return
    unit = found[f"{day_of(rating.formed_at):%Y-%m}"][ticket.life.lead or ""]
    for name, yes in (("solved", rating.solved), ("satisfied", rating.level in UPPER)):
        unit[name][0] += yes
        unit[name][1] += 1


def _ranked(units: dict[str, Counted]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    groups: dict[str, list[str]] = defaultdict(list)
    for code, counted in units.items():
        known = {name: pair for name, pair in counted.items() if pair[1]}
        if not known:
            continue
        group = the_city().units[code].group
        shown[code] = {"group": group, "score": _score(known), "rank": None, "bottom": False, **known}
        if counted["on_time"][1] >= ENOUGH:
            groups[group].append(code)
    for codes in groups.values():
        _rank([shown[code] for code in codes])
    return dict(sorted(shown.items()))


def _score(known: Counted) -> str:
    """Hundred times the points reached by the points there were, half up to two decimals."""
    reached = sum(Fraction(POINTS[name] * pair[0], pair[1]) for name, pair in known.items())
    hundredths = 10_000 * reached / sum(POINTS[name] for name in known)
    whole = int(hundredths + Fraction(1, 2))
    return f"{whole // 100}.{whole % 100:02}"


def _rank(rows: list[dict[str, Any]]) -> None:
    """Ties share a rank; the bottom never holds only a part of a tie."""
    count = len(rows)
    bottom = min(BOTTOM_AT_MOST, max(1, count * BOTTOM_SHARE // 100)) if count >= FEWEST_FOR_BOTTOM else 0
    for row in rows:
        row["rank"] = 1 + sum(float(other["score"]) > float(row["score"]) for other in rows)
        row["bottom"] = row["rank"] > count - bottom
