"""The table fits 100 columns and 80, plain and coloured."""

import io
from datetime import datetime

import pytest
from rich.cells import cell_len
from rich.console import Console

from hotline_local.demo.sheet import Charge, DeclinedLine, Mark, RedCard, Sheet, TicketLine
from hotline_local.demo.table import console_on, print_sheet

DUE = datetime.fromisoformat("2026-02-14T17:00:00+08:00")
NOW = datetime.fromisoformat("2026-02-27T18:00:00+08:00")
WHY = "办理时限5个工作日，自2026-02-13 08:40起，应不晚于2026-02-27 17:00办结；到期未办结，亮红牌。"


def sheet() -> Sheet:
    lead = Charge(
        "黄果树旅游区",
        "lead",
        {
            "sign": Mark("red", DUE, "late"),
            "handle": Mark("green", DUE, "running"),
            "interim_feedback": Mark("yellow", DUE, "met"),
        },
    )
    support = Charge("市供水公司", "support", {"sign": Mark("green", DUE, "met")})
    made = Sheet(NOW, requests=3)
    made.tickets = [
        TicketLine(
            "20260213-000001",
            "help",
            "小区门前路灯不亮一共十二字",
            "handling",
            "area_outage",
            (lead, support),
        ),
        TicketLine("20260213-000002", "consultation", "老年公交卡怎样办", "dispatch_pending", None, ()),
    ]
    made.declined = [DeclinedLine(None, "secrecy", "不予受理，也不保存相关内容。请向主管机关反映。")]
    made.reds = [RedCard(DUE, "20260213-000001", "sign", "黄果树旅游区", WHY)]
    made.cards.update({("sign", "red"): 1, ("sign", "green"): 2})
    return made


def printed(width: int) -> list[str]:
    out = io.StringIO()
    console = console_on(out)
    console.width = width
    print_sheet(sheet(), console)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(cell_len(line) for line in printed(width)) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_numbers_and_instants_are_never_cut(width: int) -> None:
    text = "\n".join(printed(width))
    assert "20260213-000001 " in text
    assert "红 02-14 17:00 ✗ 绿 02-14 17:00" in text
    assert "黄 02-14 17:00 ✓" in text


def test_a_pipe_gets_no_escape_codes_and_a_hundred_columns() -> None:
    out = io.StringIO()
    assert console_on(out).width == 100
    print_sheet(sheet(), console_on(out))
    assert "\x1b" not in out.getvalue()


def test_a_declined_request_without_content_says_so() -> None:
    assert any("内容依规定不保存" in line for line in printed(100))


def test_a_terminal_gets_coloured_cards() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=100)
    print_sheet(sheet(), console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[1;37;41m红" in console.file.getvalue()
