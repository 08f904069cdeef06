"""The notices that are known today, seeded from the `chinesecalendar` package."""

from collections import defaultdict
from functools import cache
from importlib.metadata import version as version_of

from hotline_worktime.notices import NATIONAL, CalendarDay, CalendarYear

FIRST_NOTICE = 2004
_DECEMBER = 12


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
    origin = f"数据取自 chinesecalendar {version_of('chinesecalendar')}"
    return tuple(
        CalendarYear(
            year=year,
            layer=NATIONAL,
            version=1,
            status="confirmed",
            source=f"国务院办公厅关于{year}年部分节假日安排的通知；{origin}",
            days=tuple(sorted(days[year], key=lambda day: day.on)),
        )
        for year in sorted(days)
        if year >= FIRST_NOTICE
    )
