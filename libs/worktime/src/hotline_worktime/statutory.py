"""Statutory days off whose dates are certain before the State Council's notice of a year.

The days of the regulation in force since 2025: New Year, the eve of the Spring Festival to its third day, Qingming,
1 and 2 May, Duanwu, Mid-Autumn, 1 to 3 October. No swaps and no days in lieu: only a notice makes those.
Source: rule T1.
"""

from collections.abc import Iterator
from datetime import date, timedelta

REGULATION_OF_2025 = 2025

_FIXED = (
    ("01-01", "元旦"),
    ("05-01", "劳动节"),
    ("05-02", "劳动节"),
    ("10-01", "国庆节"),
    ("10-02", "国庆节"),
    ("10-03", "国庆节"),
)

# First day of the Spring Festival, Qingming, Duanwu, Mid-Autumn. Computed with two independent lunar calendars;
# a test compares them with a third.
_MOVING = {
    2025: ("01-29", "04-04", "05-31", "10-06"),
    2026: ("02-17", "04-05", "06-19", "09-25"),
    2027: ("02-06", "04-05", "06-09", "09-15"),
    2028: ("01-26", "04-04", "05-28", "10-03"),
    2029: ("02-13", "04-04", "06-16", "09-22"),
    2030: ("02-03", "04-05", "06-05", "09-12"),
    2031: ("01-23", "04-05", "06-24", "10-01"),
    2032: ("02-11", "04-04", "06-12", "09-19"),
    2033: ("01-31", "04-04", "06-01", "09-08"),
    2034: ("02-19", "04-05", "06-20", "09-27"),
    2035: ("02-08", "04-05", "06-10", "09-16"),
    2036: ("01-28", "04-04", "05-30", "10-04"),
    2037: ("02-15", "04-04", "06-18", "09-24"),
    2038: ("02-04", "04-05", "06-07", "09-13"),
    2039: ("01-24", "04-05", "05-27", "10-02"),
    2040: ("02-12", "04-04", "06-14", "09-20"),
    2041: ("02-01", "04-04", "06-03", "09-10"),
    2042: ("01-22", "04-04", "06-22", "09-28"),
    2043: ("02-10", "04-05", "06-11", "09-17"),
    2044: ("01-30", "04-04", "05-31", "10-05"),
    2045: ("02-17", "04-04", "06-19", "09-25"),
    2046: ("02-06", "04-04", "06-08", "09-15"),
    2047: ("01-26", "04-05", "05-29", "10-04"),
    2048: ("02-14", "04-04", "06-15", "09-22"),
    2049: ("02-02", "04-04", "06-04", "09-11"),
    2050: ("01-23", "04-04", "06-23", "09-30"),
    2051: ("02-11", "04-05", "06-13", "09-19"),
    2052: ("02-01", "04-04", "06-01", "09-07"),
    2053: ("02-19", "04-04", "06-20", "09-26"),
    2054: ("02-08", "04-04", "06-10", "09-16"),
    2055: ("01-28", "04-05", "05-30", "10-05"),
    2056: ("02-15", "04-04", "06-17", "09-24"),
    2057: ("02-04", "04-04", "06-06", "09-13"),
    2058: ("01-24", "04-04", "06-25", "10-02"),
    2059: ("02-12", "04-05", "06-14", "09-21"),
    2060: ("02-02", "04-04", "06-03", "09-09"),
}


def statutory_days(year: int) -> Iterator[tuple[date, str]]:
    """Yield each statutory day off of ``year`` whose date is certain, with its Chinese name, in no order.

    The six fixed days for every year; the lunar ones and Qingming from 2025 to 2060. A day may come twice
    (Mid-Autumn within National Day).

    Source: rule T1.
    """
    for on, name in _FIXED:
        yield _date(year, on), name
    if year not in _MOVING:
        return
    spring, qingming, duanwu, mid_autumn = (_date(year, on) for on in _MOVING[year])
    for offset in range(-1, 3):
        yield spring + timedelta(days=offset), "春节" if offset >= 0 else "除夕"
    yield qingming, "清明节"
    yield duanwu, "端午节"
    yield mid_autumn, "中秋节"


def _date(year: int, on: str) -> date:
    return date.fromisoformat(f"{year}-{on}")
