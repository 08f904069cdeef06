"""The table fits 100 columns and 80, plain and coloured."""

import io
from datetime import datetime
from typing import Any

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from hotline_local.city.plan import Spec
from hotline_local.city.sheet import Emergency, Interim, Red, Sheet, Standing
from hotline_local.city.table import console_on, print_sheet

BEGINS = datetime.fromisoformat("2026-04-30T08:00:00+08:00")
NIGHT = datetime.fromisoformat("2026-05-01T01:38:00+08:00")
DUE = datetime.fromisoformat("2026-05-18T17:00:00+08:00")
NOW = datetime.fromisoformat("2026-05-22T18:00:00+08:00")
WHY = "办理时限10个工作日，自2026-04-30 16:46:22起；答复于2026-05-15 09:38:17审核未通过，继续计时，应不晚于2026-05-18 17:00答复；到期未答复，亮红牌。"
TOTALS: dict[str, Any] = {
    "requests": {
        "total": 1883,
        "outcome": {"accepted": 1854, "declined": 29},
        "channel": {"phone": 631, "wechat": 104, "web": 60, "app": 50, "province": 19, "email": 11, "linkage": 8},
        "type": {"complaint": 338, "consultation": 209, "help": 215, "opinion": 31, "praise": 12, "report": 60, "suggestion": 18},
        "declined": {"emergency": 7, "other_body": 3, "repeat": 9, "secrecy": 7, "statutory_channel": 3},
    },
    "tickets": {"total": 1854, "state": {"closed": 1840, "sign_pending": 14}, "emergent": 50},
    "cards": {"sign": {"green": 1704, "yellow": 389, "red": 35}, "follow_up": {"green": 870, "red": 1}},
    "clocks": {"sign": {"met": 1846, "running": 10}, "follow_up": {"met": 870, "late": 1}},
    "follow_ups": {"rated": 641, "unreachable": 97, "refused": 46, "wrong_number": 29, "not_needed": 54, "open": 3},
    "ratings": {"given": {"satisfied": 1}, "formed": {"very_satisfied": 253, "satisfied": 213, "very_dissatisfied": 26}},
    "months": {},
}  # fmt: skip


def standing(place: int, group: str, *, ranked: bool = True) -> Standing:
    return Standing(
        code=f"C{place}",
        name=f"黄果树旅游{place}",
        group=group,
        score="84.91",
        rank=place if ranked else None,
        bottom=place == 8,
        on_time=(165, 165),
        solved=None,
        satisfied=(49, 53),
    )


def sheet() -> Sheet:
    interim = Interim(
        ticket_no="20260501-000027",
        unit="市综合执法局",
        delivered_at=NIGHT,
        due_at=NIGHT.replace(hour=3),
        stopped_at=None,
        state="running",
        card="red",
    )
    given = msgspec.structs.replace(interim, state="met", card="green", stopped_at=NIGHT.replace(hour=2))
    red = Red(
        at=DUE,
        ticket_no="20260430-000559",
        subject="宁谷镇取款机常故障" * 4,
        duty="handle",
        unit="市人民医院",
        why=WHY,
    )
    return Sheet(
        spec=Spec(),
        begins=BEGINS,
        now=NOW,
        totals=TOTALS,
        emergencies=[
            Emergency(title="夜里的爆管：塔山西路供水主管爆裂", began=NIGHT, calls=24, units=["市供水公司", "西秀区"], interims=[interim, given])
        ],
        reds=[red],
        month="2026-05",
        standings=[
            *(standing(place, "county") for place in range(1, 9)),
            standing(1, "provincial", ranked=False),
        ],
        entries=6,
        differences=[],
    )  # fmt: skip


def printed(width: int, shown: Sheet | None = None) -> list[str]:
    out = io.StringIO()
    console = console_on(out)
    console.width = width
    print_sheet(shown or sheet(), console)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in printed(width)) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_numbers_and_instants_are_never_cut(width: int) -> None:
    text = "\n".join(printed(width))
    assert "红 05-18 17:00  20260430-000559  办理  市人民医院" in text
    assert "20260501-000027  市综合执法局  01:38  03:38     -        红" in text
    assert "02:38 ✓" in text
    assert "84.91  165/165        -    49/53" in text


def test_a_group_shows_its_first_and_its_last_and_marks_the_bottom() -> None:
    text = "\n".join(printed(100))
    assert "县区和管委会：8 家排名\n" in text
    assert [f"黄果树旅游{place}" in text for place in range(1, 9)] == [True] * 3 + [False] * 3 + [True] * 2
    assert [line.split()[1] for line in text.splitlines() if line.rstrip().endswith("末位")][1:] == [
        "黄果树旅游8"
    ]
    assert "省属驻市单位：0 家排名，不足5件的 1 家只评分不排名" in text


def test_what_differs_from_the_reckoning_is_listed() -> None:
    differing = msgspec.structs.replace(sheet(), differences=["/cards/sign/red: 1 ≠ 2"])
    text = "\n".join(printed(100, differing))
    assert "与独立推算不一致，共 1 处" in text
    assert "/cards/sign/red: 1 ≠ 2" in text
    assert "一致" in "\n".join(printed(100))


def test_a_pipe_gets_no_escape_codes_and_a_hundred_columns() -> None:
    out = io.StringIO()
    assert console_on(out).width == 100
    print_sheet(sheet(), console_on(out))
    assert "\x1b" not in out.getvalue()


def test_a_terminal_gets_coloured_cards() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=100)
    print_sheet(sheet(), console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[1;37;41m红" in console.file.getvalue()
