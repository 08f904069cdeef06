"""The ``hotline`` command."""

import json
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hotline_chassis.clocks import RealTime
from hotline_chassis.embedded_postgres import DataDirectoryInUse
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.problems import InvalidInput

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="12345 政务服务便民热线：一台机器上的全部系统。"
)
T = TypeVar("T")

DataDir = Annotated[
    Path, typer.Option("--data-dir", envvar="HOTLINE_DATA_DIR", help="数据目录。", show_default=True)
]
DEFAULT_DATA_DIR = Path(".hotline")


class BusKind(StrEnum):
    """Buses that ``up`` can run on."""

    embedded = "embedded"
    kafka = "kafka"


@app.command()
def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: Annotated[int, typer.Option(min=0, max=65535, help="监听端口，0 表示自动选择。")] = 8345,
    bus: Annotated[BusKind, typer.Option(help="事件总线。")] = BusKind.embedded,
    kafka: Annotated[
        str | None,
        typer.Option(envvar="KAFKA_BOOTSTRAP", help="Kafka 的地址（主机:端口），配合 --bus kafka。"),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo/--no-demo", help="演示一座城市的一天及其后的办理（虚拟时钟）。")
    ] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="演示的种子，同一种子数字相同。")] = None,
    scale: Annotated[
        float | None, typer.Option(min=0.01, max=20, help="演示的规模，1 为每天约 800 件诉求。")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=31, help="演示的天数。")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="把演示的数字写入此文件。")] = None,
    clock: Annotated[
        str | None, typer.Option(help="虚拟时钟的起点（带时区的 RFC 3339 时间）；不给则使用真实时钟。")
    ] = None,
    crash_at: Annotated[str | None, typer.Option(hidden=True, envvar="HOTLINE_CRASH_AT")] = None,
) -> None:
    """启动全部服务并保持运行；就绪后打印 READY 和地址。"""
    from hotline_local.buses import BusChoice
    from hotline_local.city.plan import Spec
    from hotline_local.serve import Demonstration, serve

    asked = {"seed": seed, "scale": scale, "days": days}
    given = {name: value for name, value in asked.items() if value is not None}
    if not demo and (given or json_out):
        _fail("--seed、--scale、--days 和 --json 只用于 --demo。")
    shown = Demonstration(msgspec.convert(given, Spec) if given else None, json_out) if demo else None
    if bus is BusKind.kafka and kafka is None:
        _fail("--bus kafka 需要用 --kafka 给出地址，例如 make kafka 打印的地址。")
    choice = BusChoice(kafka if bus is BusKind.kafka else None)
    _configure_logs(data_dir)
    _run(
        lambda: serve(
            data_dir, port=port, bus=choice, demo=shown, virtual_from=_instant(clock), crash_at=crash_at
        )
    )


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV 文件。")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json_out: Annotated[Path | None, typer.Option("--json", help="把结果写入此文件。")] = None,
) -> None:
    """用全新的数据把历史来信在系统中完整走一遍，统计办理时限的结果。"""
    from hotline_local.replay import replay as run_replay
    from hotline_local.reports import print_replay

    _configure_logs(data_dir, logging.WARNING)  # 17,000 lines of an access log help nobody
    console = Console(stderr=True)
    with _progress(console) as bar:
        task = bar.add_task("重放", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        report = _run(lambda: run_replay(file, data_dir / "replay", progress=show))
    print_replay(report, Console())
    if json_out is not None:
        json_out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


@app.command()
def audit(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json_out: Annotated[Path | None, typer.Option("--json", help="把结果写入此文件。")] = None,
) -> None:
    """只凭原始表和主题核对系统的承诺；0 表示全部成立，1 表示有违反。"""
    from hotline_local.audit import audit as run_audit
    from hotline_local.reports import print_audit

    _configure_logs(data_dir)
    report = _run(lambda: run_audit(data_dir))
    print_audit(report, Console())
    if json_out is not None:
        json_out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(0 if report["clean"] else 1)


@app.command()
def token(
    role: Annotated[list[str], typer.Option("--role", help="角色，可给多个。")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    unit: Annotated[str | None, typer.Option(help="承办单位代码；单位角色必填。")] = None,
    channel: Annotated[str | None, typer.Option(help="channel_client 的渠道。")] = None,
    sub: Annotated[str | None, typer.Option(help="主体标识。")] = None,
) -> None:
    """签发开发用令牌（24 小时有效）。"""
    issuer = DevIssuer(data_dir / "keys", RealTime())
    try:
        typer.echo(issuer.issue(role, unit=unit, channel=channel, sub=sub))
    except InvalidInput as refused:
        _fail("；".join(error["message"] for error in refused.extra["errors"]))


@app.command()
def reset(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
    keep_kafka: Annotated[
        bool, typer.Option("--keep-kafka", help="不删除 Kafka 上的主题，例如它已不在了。")
    ] = False,
) -> None:
    """删除数据目录中的全部数据，连同它在 Kafka 上的主题；系统正在运行时拒绝。"""
    from hotline_local.reset import delete_data

    if not yes and not typer.confirm(f"确定删除 {data_dir} 中的全部数据吗？"):
        raise typer.Exit(1)
    _run(lambda: delete_data(data_dir, keep_kafka=keep_kafka))
    typer.echo(f"已删除 {data_dir} 中的数据。")


@app.command()
def doctor(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """检查这台机器是否具备运行条件，并说明数据目录的状况。"""
    from hotline_local.doctor import examine

    _configure_logs(data_dir)
    findings = _run(lambda: examine(data_dir))
    for finding in findings:
        typer.echo(f"{'正常' if finding.fine else '异常'}  {finding.what}：{finding.found}")
    raise typer.Exit(0 if all(finding.fine for finding in findings) else 1)


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run to the end; what is foreseen ends with one line and exit code 1."""
    import uvloop

    from hotline_chassis.memory import settle_memory
    from hotline_local.errors import FORESEEN

    settle_memory()
    try:
        return uvloop.run(work())
    except DataDirectoryInUse as taken:
        _fail(f"数据目录正被另一个进程使用：{taken}")
    except FORESEEN as refused:
        _fail(str(refused))


def _fail(reason: str) -> NoReturn:
    typer.echo(f"hotline: {reason}", err=True)
    raise typer.Exit(1)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        _fail(f"无法识别的时间：{text}")
    if found.tzinfo is None:
        _fail("--clock 必须带时区，例如 2026-02-13T08:00:00+08:00。")
    return found


def _progress(console: Console) -> Progress:
    """A bar on a terminal, nothing in a pipe."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _configure_logs(data_dir: Path, level: int = logging.INFO) -> None:
    """JSON lines in the data directory: the terminal belongs to people."""
    from hotline_chassis.logs import log_to_file

    data_dir.mkdir(parents=True, exist_ok=True)
    log_to_file(data_dir / "hotline.log", level=level)


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
