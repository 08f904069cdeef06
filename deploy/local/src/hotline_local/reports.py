"""What the commands print for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

TYPE_NAMES = {
    "consultation": "咨询",
    "help": "求助",
    "opinion": "意见",
    "suggestion": "建议",
    "complaint": "投诉",
    "report": "举报",
    "praise": "表扬",
}


def print_replay(report: dict[str, Any], console: Console) -> None:
    """The figures of the ``handle`` duty, a row for each type."""
    table = Table(title=f"办理时限：{report['rows']} 件来信，用时 {report['seconds']} 秒")
    for heading in ("类型", "工单", "按时", "超时", "黄牌", "红牌"):
        table.add_column(heading, justify="left" if heading == "类型" else "right")
    rows = [(TYPE_NAMES[kind], figures) for kind, figures in report["types"].items()]
    for name, figures in [*rows, ("合计", report["total"])]:
        table.add_row(name, *(f"{figures[key]:,}" for key in ("tickets", "on_time", "late", "yellow", "red")))
    console.print(table)


def print_audit(report: dict[str, Any], console: Console) -> None:
    """Each invariant with how often it was checked, then what violates it."""
    table = Table(title="审计")
    table.add_column("承诺")
    table.add_column("核对", justify="right")
    table.add_column("违反", justify="right")
    broken: dict[str, int] = {}
    for violation in report["violations"]:
        broken[violation["invariant"]] = broken.get(violation["invariant"], 0) + 1
    for invariant, checked in report["checked"].items():
        table.add_row(invariant, f"{checked:,}", f"{broken.get(invariant, 0):,}")
    console.print(table)
    for violation in report["violations"][:20]:
        console.print(
            f"{violation['invariant']}  {violation['subject']}  {violation['detail']}", markup=False
        )
    console.print("全部成立。" if report["clean"] else f"共 {len(report['violations'])} 处违反。")
