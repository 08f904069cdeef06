"""Prints the demonstration for people: tickets with their cards, what was declined, counts, latest reds.

No box-drawing characters and no ellipses: in many Chinese terminals they are two columns wide.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hotline_local.demo.script import SHANGHAI
from hotline_local.demo.sheet import Charge, DeclinedLine, Mark, RedCard, Sheet, TicketLine
from hotline_local.reports import TYPE_NAMES

WIDTH = 100
"""Columns in a pipe, and at most on a terminal."""
SHOWN_REDS = 5
TICKET_COLUMNS = {"编号": 15, "类型": 4, "事项": 22, "承办单位": 12, "状态": 6, "签收": 16, "办理": 16}
"""Widths in columns of the terminal; a Chinese character takes two."""
STATE_NAMES = {
    "dispatch_pending": "待派单",
    "sign_pending": "待签收",
    "handling": "办理中",
    "reply_review": "待审核",
    "follow_up": "待回访",
    "closed": "已办结",
}
REASON_NAMES = {
    "emergency": "紧急情形",
    "statutory_channel": "法定途径",
    "other_body": "其他机关",
    "repeat": "重复",
    "secrecy": "涉密",
}
DUTY_NAMES = {"sign": "签收", "handle": "办理", "interim_feedback": "阶段性意见"}
CARDS = {
    "green": ("绿", "white on green"),
    "yellow": ("黄", "black on yellow"),
    "red": ("红", "bold white on red"),
}
"""What stands for a card, and its style on a terminal."""
SIGNS = {"met": "✓", "late": "✗"}
RULED = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""Nothing but a line of hyphens below the headings."""


def console_on(out: TextIO) -> Console:
    """A console on ``out``: colours and the terminal's own width on a terminal, neither in a pipe."""
    console = Console(file=out, highlight=False, soft_wrap=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print everything; understandable without any document."""
    now = sheet.now.astimezone(SHANGHAI)
    heading = "12345热线演示：2026年2月13日（周五）上午的来电来件，以及之后各单位怎样办理"
    console.print(Text(heading, style="bold"))
    console.print(f"虚拟时钟现在走到{now.month}月{now.day}日 {now:%H:%M}，此前的事都已发生。")
    console.print("期限按工作日历计算：2月14日和28日（周六）调休上班，2月15日至23日春节放假。")
    console.print("牌色后面是截止时间；✓ 按时完成，✗ 超时完成，没有记号的还在计时。\n")
    console.print(_tickets(sheet.tickets, console.width))
    console.print(f"\n诉求 {sheet.requests} 件：{_outcomes(sheet)}\n")
    if sheet.declined:
        console.print(_declined(sheet.declined))
        console.print()
    console.print(_counts(sheet))
    console.print()
    _print_reds(sheet.reds, console)


def _table(*headings: str, gap: int = 2) -> Table:
    table = Table(box=RULED, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="crop")
    return table


def _tickets(lines: Iterable[TicketLine], width: int) -> Table:
    """A row for each ticket, and below it one for each support and each interim opinion.

    Below ``WIDTH`` columns the type and the state are left out, so that 80 are enough.
    """
    left_out = {"类型", "状态"} if width < WIDTH else set()
    headings = [name for name in TICKET_COLUMNS if name not in left_out]
    table = _table(*headings, gap=1)
    for name, column in zip(headings, table.columns, strict=True):
        # What does not fit is cut from the subject, never from a number or an instant.
        column.width = min(22, width - 63) if name == "事项" else TICKET_COLUMNS[name]
    for line in lines:
        for row in _rows_of(line):
            table.add_row(*(row.get(name, "") for name in headings))
    return table


def _rows_of(line: TicketLine) -> Iterator[Mapping[str, str | Text]]:
    lead, *supports = line.charges or (Charge("", "lead", {}),)
    yield {
        "编号": line.ticket_no,
        "类型": TYPE_NAMES[line.type],
        "事项": line.subject,
        "承办单位": lead.unit,
        "状态": STATE_NAMES.get(line.state, line.state),
        "签收": _mark(lead.marks.get("sign")),
        "办理": _mark(lead.marks.get("handle")),
    }
    yield from _interim(lead)
    for support in supports:
        yield {"事项": "  协办", "承办单位": support.unit, "签收": _mark(support.marks.get("sign"))}
        yield from _interim(support)


def _interim(charge: Charge) -> Iterator[Mapping[str, str | Text]]:
    if interim := charge.marks.get("interim_feedback"):
        yield {"类型": "急", "事项": "  两小时阶段性意见", "办理": _mark(interim)}


def _mark(mark: Mark | None) -> Text:
    if mark is None:
        return Text("-", style="dim")
    due = mark.due_at.astimezone(SHANGHAI)
    return Text.assemble(CARDS[mark.card], f" {due:%m-%d %H:%M} {SIGNS.get(mark.state, ' ')}")


def _outcomes(sheet: Sheet) -> str:
    pending = f"，待筛查 {sheet.pending} 件" if sheet.pending else ""
    return f"形成工单 {len(sheet.tickets)} 件，不予受理 {len(sheet.declined)} 件{pending}。"


def _declined(lines: Iterable[DeclinedLine]) -> Table:
    table = _table("不予受理的诉求", "类别", "告知诉求人")
    table.columns[2].no_wrap, table.columns[2].overflow = False, "fold"
    for line in lines:
        subject = line.subject or "（内容依规定不保存）"
        table.add_row(subject, REASON_NAMES[line.reason], line.guidance.split("。")[0] + "。")
    return table


def _counts(sheet: Sheet) -> Table:
    table = _table("期限", "绿牌", "黄牌", "红牌", "按时完成", "超时完成", "正在计时")
    for column in table.columns[1:]:
        column.justify = "right"
    for duty, name in DUTY_NAMES.items():
        states = [
            charge.marks[duty].state
            for line in sheet.tickets
            for charge in line.charges
            if duty in charge.marks
        ]
        issued = [sheet.cards[duty, card] for card in CARDS]
        ended = [states.count(state) for state in ("met", "late", "running")]
        table.add_row(name, *(str(figure) for figure in (*issued, *ended)))
    return table


def _print_reds(reds: list[RedCard], console: Console) -> None:
    console.print(Text(f"红牌 {len(reds)} 张，最近的 {min(SHOWN_REDS, len(reds))} 张：", style="bold"))
    for red in reds[:SHOWN_REDS]:
        at = red.at.astimezone(SHANGHAI)
        what = f" {at:%m-%d %H:%M}  {red.ticket_no}  {DUTY_NAMES[red.duty]}  {red.unit}"
        console.print(Text.assemble(CARDS["red"], what))
        console.print(Padding(Text(red.why), (0, 0, 0, 3)))
