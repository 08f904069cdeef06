"""``make bench``: every row against its floor in the same run, printed and written to ``.hotline/bench.json``.

Each ``bench_*`` module offers ``rows()``, plain or async, that returns a list of rows; those on Kafka are given a
broker, those in the production layout all its processes. Timings are never asserted in tests: this prints whether
a row passes, and the exit code does not depend on it. Without Java the rows on Kafka are left out, and it says so.
"""

import asyncio
import importlib
import inspect
import json
import logging
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.console import Console
from rich.table import Table

from tests.load.broker import NoBroker, local_broker
from tests.load.town import running_town

ALONE = ("bench_worktime", "bench_events", "bench_intake")
WITH_BROKER = ("bench_relay", "bench_consumer")
IN_PRODUCTION_LAYOUT = ("bench_card", "bench_outage")
MODULES = (*ALONE, *WITH_BROKER, *IN_PRODUCTION_LAYOUT)
AT_MOST = {"P8", "P8a", "P9"}
"""Rows whose ratio is the better the smaller it is."""
OUT = Path(".hotline") / "bench.json"

Rows = list[dict[str, Any]]


async def run(names: Sequence[str], console: Console) -> Rows:
    """``measure``, but a SIGTERM ends what was started, too."""
    measuring = asyncio.create_task(measure(names, console))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    return await measuring


async def measure(names: Sequence[str], console: Console) -> Rows:
    """All rows of these modules, those that need nothing first."""
    found: Rows = []
    for name in MODULES:
        if name in names and name in ALONE:
            found += await _rows(name)
    try:
        async for rows in _on_kafka([name for name in MODULES if name in names and name not in ALONE]):
            found += rows
    except NoBroker as missing:
        console.print(f"[bold]No rows on Kafka (P2, P3, P8, P9):[/bold] {missing}")
    return sorted(found, key=lambda row: str(row["row"]))


async def _on_kafka(names: Sequence[str]) -> AsyncIterator[Rows]:
    async with AsyncExitStack() as stack:
        if not names:
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = await stack.enter_async_context(local_broker(folder / "kafka"))
        for name in names:
            if name in WITH_BROKER:
                yield await _rows(name, broker)
        if layouts := [name for name in names if name in IN_PRODUCTION_LAYOUT]:
            town = await stack.enter_async_context(running_town(broker, folder / "town"))
            for name in layouts:
                yield await _rows(name, town)


async def _rows(name: str, *given: Any) -> Rows:
    rows = importlib.import_module(f"tests.load.{name}").rows(*given)
    measured: Rows = await rows if inspect.isawaitable(rows) else rows
    return measured


def show(rows: Rows, console: Console) -> None:
    table = Table(title="bench")
    for heading in ("row", "what", "floor", "ours", "unit", "ratio", "pass", "aim", "passed"):
        table.add_column(heading)
    for row in rows:
        numbers = {key: f"{row[key]:,.3g}" for key in ("floor", "ours", "ratio")}
        bound = "≤" if row["row"] in AT_MOST else "≥"
        table.add_row(
            row["row"], row["what"], numbers["floor"], numbers["ours"], row["unit"], numbers["ratio"],
            f"{bound} {row['pass']}", f"{bound} {row['aim']}", "yes" if row["passed"] else "NO",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    console = Console(width=160 if not sys.stdout.isatty() else None)
    names = tuple(sys.argv[1:]) or MODULES
    if unknown := set(names) - set(MODULES):
        sys.exit(f"no such module: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away is what P9 is about
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = uvloop.run(run(names, console))  # as the product's processes run
    show(rows, console)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
