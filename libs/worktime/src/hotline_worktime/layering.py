"""From notices of several layers to one row of working days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hotline_worktime.notices import NATIONAL, CalendarYear, LayerStack
from hotline_worktime.statutory import REGULATION_OF_2025, statutory_days

_A_MONDAY = date(2024, 1, 1).toordinal()
_SATURDAY = 5


class Layering:
    """The notices that apply under a stack, furthest layer first, so that a later one overrides.

    Attributes:
        notices: the highest version of each layer's year, by layer (national first), then year.
        confirmed: the years whose national notice is confirmed and that no nearer layer makes provisional.
    """

    __slots__ = ("confirmed", "notices")

    def __init__(self, years: Iterable[CalendarYear], stack: LayerStack) -> None:
        latest: dict[tuple[str, int], CalendarYear] = {}
        for year in years:
            known = latest.get((year.layer, year.year))
            if known is None or known.version < year.version:
                latest[year.layer, year.year] = year
        self.notices = tuple(
            latest[key]
            for layer in reversed(stack.layers)
            for key in sorted(key for key in latest if key[0] == layer)
        )
        status = defaultdict(set)
        for notice in self.notices:
            status[notice.year].add(notice.status)
        self.confirmed = frozenset(
            notice.year
            for notice in self.notices
            if notice.layer == NATIONAL and status[notice.year] == {"confirmed"}
        )

    def working_days(self, first: date, last: date) -> NDArray[np.bool_]:
        """Return for each day from `first` to `last`, both included, whether it is worked."""
        start, end = first.toordinal(), last.toordinal()
        working = (np.arange(start, end + 1) - _A_MONDAY) % 7 < _SATURDAY
        known = {
            notice.year
            for notice in self.notices
            if notice.layer == NATIONAL and notice.status == "confirmed"
        }
        for year in range(first.year, last.year + 1):
            if year >= REGULATION_OF_2025 or year not in known:
                for on, _ in statutory_days(year):
                    working[on.toordinal() - start] = False
        for notice in self.notices:
            for day in notice.days:
                if first <= day.on <= last:
                    working[day.on.toordinal() - start] = day.working
        return working

    def versions_by_year(self) -> Mapping[int, Mapping[str, int]]:
        """Return for each year with a notice the versions that decide it; no national notice is version 0."""
        found: dict[int, dict[str, int]] = {}
        for notice in self.notices:
            found.setdefault(notice.year, {f"{NATIONAL}:{notice.year}": 0})[notice.key] = notice.version
        return found

    def december_notices(self) -> Mapping[int, Sequence[tuple[frozenset[date], str, int]]]:
        """Return by year the notices of the next year that name days of its December: days, key, version."""
        found: dict[int, list[tuple[frozenset[date], str, int]]] = defaultdict(list)
        for notice in self.notices:
            early = frozenset(day.on for day in notice.days if day.on.year < notice.year)
            if early:
                found[notice.year - 1].append((early, notice.key, notice.version))
        return dict(found)
