"""The notices that are known today, seeded from the `chinesecalendar` package."""

from collections import defaultdict
from datetime import date
from functools import cache
from importlib.metadata import version as version_of

from hotline_worktime.notices import NATIONAL, CalendarDay, CalendarYear

FIRST_NOTICE = 2004
_DECEMBER = 12

# What the library lacks, with the notice that says so.
_CORRECTIONS = {
    2006: ((CalendarDay(date(2005, 12, 31), working=True, name="元旦"),), "国办发明电〔2005〕35号")
}


@cache
def national_calendars() -> tuple[CalendarYear, ...]:
    """Return the national calendar of each year the library covers, from 2004 on, confirmed, version 1, by year.

    A year's days are those its notice names; a December day that belongs to the next New Year stands in the next
    year's notice, as in the original.

    Source: rule T1.
    """
    # Imported here: whoever brings calendars of their own does not pay for it.
    from chinese_calendar import Holiday
    from chinese_calendar.constants import holidays, workdays

    names = {holiday.value: holiday.chinese for holiday in Holiday}
    days: dict[int, list[CalendarDay]] = defaultdict(list)
    for table, working in ((holidays, False), (workdays, True)):
        for on, name in table.items():
            days[on.year + (on.month == _DECEMBER)].append(CalendarDay(on, working, names[name]))
    return tuple(_confirmed(year, days[year]) for year in sorted(days) if year >= FIRST_NOTICE)


def _confirmed(year: int, days: list[CalendarDay]) -> CalendarYear:
    further, paper = _CORRECTIONS.get(year, ((), ""))
    known = {day.on for day in days}  # a later release of the library may have mended it
    source = f"国务院办公厅关于{year}年部分节假日安排的通知；数据取自 chinesecalendar {version_of('chinesecalendar')}"
    return CalendarYear(
        year=year,
        layer=NATIONAL,
        version=1,
        status="confirmed",
        source=f"{source}，并据{paper}更正" if paper else source,
        days=tuple(sorted([*days, *(day for day in further if day.on not in known)], key=lambda day: day.on)),
    )
