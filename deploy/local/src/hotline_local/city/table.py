"""Prints the city day for people: what came in, how the limits were kept, emergencies, reds, the ranking.

No box-drawing characters and no ellipses: in many Chinese terminals they are two columns wide.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hotline_local.city.naming import (
    CHANNEL_NAMES,
    DUTY_NAMES,
    ENDING_NAMES,
    GROUP_NAMES,
    LEVEL_NAMES,
    OUTCOME_NAMES,
    REASON_NAMES,
    STATE_NAMES,
)
from hotline_local.city.sheet import Emergency, Red, Sheet, Standing
from hotline_local.city.workdays import SHANGHAI
from hotline_local.reports import TYPE_NAMES

WIDTH = 100
"""Columns in a pipe, and at most on a terminal."""
SHOWN_DIFFERENCES, SHOWN_INTERIMS, SHOWN_TOP, SHOWN_LAST = 10, 4, 3, 2
RANK_WIDTHS = {"名次": 6, "单位": 14, "得分": 6, "按时": 7, "解决": 7, "满意": 7, "末位": 4}
"""Widths in columns of the terminal; a Chinese character takes two."""
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
    _print_heading(sheet, console)
    _print_requests(sheet.totals, console)
    _title(console, "时限：每项职责到点亮牌，绿牌为起算，黄牌为预警，红牌为超时")
    console.print(_duties(sheet.totals))
    for emergency in sheet.emergencies:
        _print_emergency(emergency, console)
    _print_reds(sheet, console)
    _print_ratings(sheet.totals, console)
    _print_ranking(sheet, console)
    _print_sources(sheet, console)


def _title(console: Console, words: str) -> None:
    console.print()
    console.print(Text(words, style="bold"))


def _print_heading(sheet: Sheet, console: Console) -> None:
    begins, now = sheet.begins.astimezone(SHANGHAI), sheet.now.astimezone(SHANGHAI)
    one_day = sheet.spec.days == 1
    span = "一昼夜" if one_day else f"起{sheet.spec.days}天"
    first = "这是" if one_day else "第一天是"
    console.print(
        Text(
            f"12345热线演示：安顺市{begins:%Y}年{begins.month}月{begins.day}日{span}的诉求，以及此后的办理",
            style="bold",
        )
    )
    console.print(
        f"{first}五一放假前的最后一个工作日。虚拟时钟走到{now.month}月{now.day}日 {now:%H:%M}，此前的事都已发生。"
    )
    console.print(
        "期限按工作日历计算：5月1日至5日放假，5月9日（周六）调休上班。单位名称、人物和诉求均为演示编写。"
    )


def _print_requests(totals: Mapping[str, Any], console: Console) -> None:
    requests, tickets = totals["requests"], totals["tickets"]
    _title(console, f"诉求 {requests['total']} 件，工单 {tickets['total']} 件")
    for label, names, counts in (
        ("结果", OUTCOME_NAMES, requests["outcome"]),
        ("渠道", CHANNEL_NAMES, requests["channel"]),
        ("类型", TYPE_NAMES, requests["type"]),
        ("不予受理", REASON_NAMES, requests["declined"]),
        ("工单状态", STATE_NAMES, tickets["state"]),
    ):
        if counts:
            console.print(f"  {label}：{_listed(names, counts)}")
    if tickets["emergent"]:
        console.print(f"  紧急事项：{tickets['emergent']} 件工单，要求尽快签收并在两小时内给出阶段性意见")


def _listed(names: Mapping[str, str], counts: Mapping[str, int]) -> str:
    """Names with their counts, in the order of the names."""
    known = [(name, counts[key]) for key, name in names.items() if key in counts]
    known += [(key, count) for key, count in counts.items() if key not in names]
    return "，".join(f"{name} {count}" for name, count in known)


def _table(*headings: str) -> Table:
    table = Table(box=RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True, overflow="crop")
    return table


def _duties(totals: Mapping[str, Any]) -> Table:
    table = _table("职责", "绿牌", "黄牌", "红牌", "按时完成", "超时完成", "不再需要", "正在计时")
    for column in table.columns[1:]:
        column.justify = "right"
    for duty, name in DUTY_NAMES.items():
        cards, clocks = totals["cards"].get(duty, {}), totals["clocks"].get(duty, {})
        if cards:
            figures = [cards.get(card, 0) for card in CARDS]
            figures += [clocks.get(state, 0) for state in ("met", "late", "cancelled", "running")]
            table.add_row(name, *(str(figure) for figure in figures))
    return table


def _print_emergency(emergency: Emergency, console: Console) -> None:
    began = emergency.began.astimezone(SHANGHAI)
    states = [one.state for one in emergency.interims]
    ended = "，".join(
        f"{name} {states.count(state)} 份"
        for state, name in (
            ("met", "按时"),
            ("late", "超时"),
            ("running", "未给出"),
            ("cancelled", "不再需要"),
        )
        if state in states
    )
    _title(console, f"{emergency.title}（{began.month}月{began.day}日 {began:%H:%M}）")
    console.print(f"  来电 {emergency.calls} 个，各成工单，承办：{'、'.join(emergency.units)}。")
    console.print(f"  不分昼夜节假日，接单后两小时内须给出阶段性意见，共 {len(states)} 份：{ended}。")
    table = _table("  工单", "单位", "派单", "应不晚于", "给出", "牌")
    # Those that went wrong first: they are what somebody looks for.
    shown = sorted(emergency.interims, key=lambda one: one.state == "met")
    for one in shown[:SHOWN_INTERIMS]:
        delivered, due = one.delivered_at.astimezone(SHANGHAI), one.due_at.astimezone(SHANGHAI)
        given = (
            f"{one.stopped_at.astimezone(SHANGHAI):%H:%M} {SIGNS.get(one.state, '')}"
            if one.stopped_at
            else "-"
        )
        table.add_row(
            f"  {one.ticket_no}",
            one.unit,
            f"{delivered:%H:%M}",
            f"{due:%H:%M}",
            given,
            Text(*CARDS[one.card]),
        )
    console.print(table)


def _print_reds(sheet: Sheet, console: Console) -> None:
    total = sum(cards.get("red", 0) for cards in sheet.totals["cards"].values())
    _title(console, f"红牌 {total} 张，最近的 {len(sheet.reds)} 张：")
    for red in sheet.reds:
        console.print(_red(red))
        console.print(Padding(Text(red.why), (0, 0, 0, 3)))


def _red(red: Red) -> Text:
    at = red.at.astimezone(SHANGHAI)
    what = f" {at:%m-%d %H:%M}  {red.ticket_no}  {DUTY_NAMES[red.duty]}  {red.unit or '热线'}  {red.subject or ''}"
    return Text.assemble(CARDS["red"], what, no_wrap=True, overflow="crop")


def _print_ratings(totals: Mapping[str, Any], console: Console) -> None:
    _title(console, "回访与评价")
    console.print(f"  回访：{_listed(ENDING_NAMES, totals['follow_ups'])}")
    console.print(f"  评价（计入考核的）：{_listed(LEVEL_NAMES, totals['ratings']['formed'])}")


def _print_ranking(sheet: Sheet, console: Console) -> None:
    year, month = sheet.month.split("-")
    _title(console, f"{year}年{int(month)}月考核（实时，未发布），各组前{SHOWN_TOP}名和末{SHOWN_LAST}名")
    console.print("  得分 = 按时15分、解决20分、满意15分按比例相加，折成百分；分数后为 分子/分母。")
    console.print(_ranks("  名次", *list(RANK_WIDTHS)[1:]))
    for group, name in GROUP_NAMES.items():
        ours = [one for one in sheet.standings if one.group == group]
        ranked = [one for one in ours if one.rank is not None]
        unranked = len(ours) - len(ranked)
        small = f"，不足5件的 {unranked} 家只评分不排名" if unranked else ""
        console.print(Text(f"{name}：{len(ranked)} 家排名{small}", style="bold"))
        if ranked:
            table = _ranks(*RANK_WIDTHS, show_header=False)
            for one in _ends_of(ranked):
                table.add_row(*_line(one))
            console.print(table)


def _ranks(*headings: str, show_header: bool = True) -> Table:
    """Tables with the same widths, so that those of all groups stand below one heading."""
    table = _table(*headings)
    table.show_header = show_header
    for column, (name, width) in zip(table.columns, RANK_WIDTHS.items(), strict=True):
        column.width = width
        column.justify = "left" if name in {"单位", "末位"} else "right"
    return table


def _ends_of(ranked: list[Standing]) -> Iterable[Standing]:
    if len(ranked) <= SHOWN_TOP + SHOWN_LAST:
        return ranked
    return [*ranked[:SHOWN_TOP], *ranked[-SHOWN_LAST:]]


def _line(one: Standing) -> list[str | Text]:
    rates = [f"{pair[0]}/{pair[1]}" if pair else "-" for pair in (one.on_time, one.solved, one.satisfied)]
    mark = Text("末位", style=CARDS["red"][1]) if one.bottom else Text("")
    return [str(one.rank), one.name, one.score, *rates, mark]


def _print_sources(sheet: Sheet, console: Console) -> None:
    _title(console, "数字来自公开接口")
    console.print(
        "  诉求 GET /api/v1/requests，工单 /tickets，牌 /cards，时钟 /clocks，回访与评价 /follow-ups，"
    )
    console.print(
        f"  考核 /scorecards/{sheet.month}；知识库已发布 {sheet.entries} 条，GET /api/v1/knowledge/search?q=异地就医"
    )
    spec = sheet.spec
    made = f"种子 {spec.seed}，规模 {spec.scale:g}，{spec.days} 天"
    if sheet.differences is None:
        console.print(f"  {made}；尚未与独立推算核对。")
    elif not sheet.differences:
        console.print(Text(f"  {made}；演示结束时全部数字与独立推算一致。", style="bold"))
    else:
        console.print(Text(f"  {made}；与独立推算不一致，共 {len(sheet.differences)} 处：", style="bold red"))
        for line in sheet.differences[:SHOWN_DIFFERENCES]:
            console.print(Text(f"    {line}"))
