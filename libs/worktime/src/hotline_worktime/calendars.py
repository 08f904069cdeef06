"""Working days of a place, looked up in constant time.

A calendar is immutable: a new notice makes a new calendar. Days are those of Shanghai, whose clock has stood at +08:00
without summer time since September 1991; the calendar begins after that, so no zone table is asked anywhere.
"""

from array import array
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hotline_worktime.layering import Layering
from hotline_worktime.notices import (
    CITY,
    CLOSE_OF_BUSINESS,
    MIDNIGHT,
    NATIONAL,
    CalendarDay,
    CalendarYear,
    Layer,
    LayerStack,
    Status,
    check_closing,
    parse_layer,
)
from hotline_worktime.seeds import national_calendars

__all__ = [
    "CITY",
    "CLOSE_OF_BUSINESS",
    "MIDNIGHT",
    "NATIONAL",
    "CalendarDay",
    "CalendarYear",
    "Layer",
    "LayerStack",
    "OutsideCalendar",
    "Status",
    "WorkCalendar",
    "city_calendar",
    "national_calendars",
    "parse_layer",
]

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
FIRST_ON: Final = date(1992, 1, 1)
FIRST_AT: Final = datetime(1991, 12, 31, 16, tzinfo=UTC)  # its first instant in Shanghai
LAST_ON: Final = date(2199, 12, 31)

_FIRST = FIRST_ON.toordinal()
_LAST = LAST_ON.toordinal()
_OFFSET = timedelta(hours=8)
_DAY_US = 86_400_000_000
_EPOCH_ON = date(1970, 1, 1)
_EPOCH_AT = datetime(1970, 1, 1, tzinfo=UTC)


class OutsideCalendar(ValueError):
    """The day, or the day the count ends on, lies before 1992 or after 2199."""


class WorkCalendar:
    """The working days of one stack of layers, 1992 to 2199, and their close of business.

    Weekends are off. The statutory days off whose dates are certain are off in every year without a confirmed national
    notice, and in every year since 2025. Above that the nearest layer that names a day decides. A year is
    `provisional` unless its national notice is confirmed and no nearer layer's year is provisional.

    Source: rules T1 and T3.
    """

    __slots__ = ("_confirmed", "_count", "_decembers", "_due_us", "_ordinals", "_versions", "closes", "dues")

    closes: time
    """Close of business in Shanghai; `MIDNIGHT` means 24:00."""

    dues: dict[int, dict[int, datetime]]
    """By working days N and the start day, counted from `FIRST_ON` = 0: the close of the N-th working day, in UTC.

    Filled by `close_after`, so that a known day costs two lookups; read it only through `deadlines.due_at`.
    """

    def __init__(self, years: Iterable[CalendarYear], layers: LayerStack, closes: time) -> None:
        self.closes = check_closing(closes)
        layering = Layering(years, layers)
        working = layering.working_days(FIRST_ON, LAST_ON)
        self._confirmed = layering.confirmed
        self._versions = layering.versions_by_year()
        self._decembers = layering.december_notices()
        self._count = array("i", np.cumsum(working, dtype=np.int32).tobytes())
        self._ordinals = array("i", (np.flatnonzero(working) + _FIRST).astype(np.int32).tobytes())
        self.dues = {}
        self._due_us: dict[int, NDArray[np.int64]] = {}

    @classmethod
    def of(
        cls,
        years: Iterable[CalendarYear],
        layers: LayerStack | Iterable[str] = (),
        closes: time | None = None,
    ) -> "WorkCalendar":
        """Build the calendar that `years` make for `layers`.

        Args:
            years: of any layers, years and versions; layers outside the stack are ignored, the highest version of a
                layer's year counts.
            layers: a stack, or the names of its layers; city and national always apply.
            closes: close of business; without it that of the stack (default 17:00).
        """
        stack = layers if isinstance(layers, LayerStack) else LayerStack.of(layers)
        return cls(years, stack, stack.closes if closes is None else closes)

    def is_working_day(self, day: date) -> bool:
        index = _index(day)
        return self._count[index] != (self._count[index - 1] if index else 0)

    def nth_working_day_after(self, day: date, n: int) -> date:
        """Return the `n`-th working day after `day`; `day` itself is never counted, working or not.

        Raises:
            ValueError: `n` is below 1.
            OutsideCalendar: `day` or the result is not covered.
        """
        if n < 1:
            raise ValueError(f"working days count from 1, got {n}")
        return self._working_day(self._count[_index(day)] + n - 1)

    def previous_working_day(self, day: date, n: int = 1) -> date:
        """Return the `n`-th working day before `day`, which is not counted itself."""
        index = _index(day)
        before = self._count[index] - (1 if self.is_working_day(day) else 0)
        return self._working_day(before - n)

    def working_days_between(self, first: date, last: date) -> int:
        """Return how many working days lie after `first` up to and with `last`; negative if `last` is earlier."""
        return self._count[_index(last)] - self._count[_index(first)]

    def status_of(self, day: date) -> Status:
        """Return whether the year of `day` rests on confirmed notices."""
        return "confirmed" if day.year in self._confirmed else "provisional"

    def is_provisional_span(self, first: date, last: date) -> bool:
        """Return whether any year from that of `first` to that of `last` (both included) is provisional."""
        return any(year not in self._confirmed for year in range(first.year, last.year + 1))

    def versions(self, first: date, last: date) -> dict[str, int]:
        """Return the calendar versions that decide the days from `first` to `last`, both included.

        `{"national:2026": 1}`; a year without a national notice counts as version 0. A notice that names one of the
        days from the December before its own year is listed too.
        """
        found: dict[str, int] = {}
        for year in range(first.year, last.year + 1):
            found |= self._versions.get(year) or {f"{NATIONAL}:{year}": 0}
            for days, key, version in self._decembers.get(year, ()):
                if any(first <= day <= last for day in days):
                    found[key] = version
        return found

    def close_of(self, day: date) -> datetime:
        """Return the instant, in UTC, at which business closes on `day`, be it a working day or not."""
        end = datetime.combine(day, self.closes, UTC) - _OFFSET
        return end + timedelta(days=1) if self.closes == MIDNIGHT else end

    def close_after(self, start: int, working_days: int) -> datetime:
        """Return the close of the N-th working day after the start day, counted from `FIRST_ON` = 0, and keep it."""
        if not 0 <= start <= _LAST - _FIRST:
            raise OutsideCalendar(f"the start lies outside {FIRST_ON} to {LAST_ON}")
        due = self.close_of(self.nth_working_day_after(date.fromordinal(_FIRST + start), working_days))
        self.dues.setdefault(working_days, {})[start] = due
        return due

    def due_microseconds(self, working_days: int) -> NDArray[np.int64]:
        """Return these closes as microseconds since 1970 UTC, one for each start day from `FIRST_ON` on.

        The array ends with the last day whose count still ends within the calendar.
        """
        known = self._due_us.get(working_days)
        if known is None:
            if working_days < 1:
                raise ValueError(f"working days count from 1, got {working_days}")
            targets = np.frombuffer(self._count, dtype=np.int32) + (working_days - 1)
            closing = np.frombuffer(self._ordinals, dtype=np.int32).astype(np.int64)
            targets = targets[targets < closing.size]
            known = (closing[targets] - _EPOCH_ON.toordinal()) * _DAY_US + (
                self.close_of(_EPOCH_ON) - _EPOCH_AT
            ) // timedelta(microseconds=1)
            known.flags.writeable = False
            self._due_us[working_days] = known
        return known

    def _working_day(self, position: int) -> date:
        if not 0 <= position < len(self._ordinals):
            raise OutsideCalendar(f"the count ends outside {FIRST_ON} to {LAST_ON}")
        return date.fromordinal(self._ordinals[position])


@cache
def city_calendar() -> WorkCalendar:
    """Return the city's calendar as seeded: national notices, closing at 17:00, zone Asia/Shanghai."""
    return WorkCalendar.of(national_calendars())


def _index(day: date) -> int:
    index = day.toordinal() - _FIRST
    if not 0 <= index <= _LAST - _FIRST:
        raise OutsideCalendar(f"{day} lies outside {FIRST_ON} to {LAST_ON}")
    return index
