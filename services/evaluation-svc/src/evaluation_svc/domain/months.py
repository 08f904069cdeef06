"""Months of the city: what belongs to which."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline_worktime.calendars import SHANGHAI

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Shanghai; ``ends_before`` is the first instant that is no longer in it."""

    year: int
    month: int

    @classmethod
    def named(cls, name: str) -> "Month":
        """From ``2026-02``."""
        return cls(int(name[:4]), int(name[5:]))

    @property
    def begins_at(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=SHANGHAI)

    @property
    def ends_before(self) -> datetime:
        following = self.year * 12 + self.month
        return datetime(following // 12, following % 12 + 1, 1, tzinfo=SHANGHAI)

    def judged_at(self, now: datetime) -> datetime:
        """The instant whose policy decides the month: its last one, or now while it still runs."""
        return min(now, self.ends_before - _MICROSECOND)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
