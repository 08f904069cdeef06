"""``make bench``: every row against its floor in the same run, printed and written to ``.hotline/bench.json``.

Each ``bench_*`` module offers ``rows()``, plain or async, that returns a list of rows. Timings are
never asserted in tests: this prints whether a row passes, and the exit code does not depend on it.
"""

import asyncio
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

MODULES = ("bench_worktime", "bench_events", "bench_intake", "bench_consumer")
OUT = Path(".hotline") / "bench.json"


async def measure(names: tuple[str, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in names:
        module = importlib.import_module(f"tests.load.{name}")
        rows = module.rows()
        found += await rows if inspect.isawaitable(rows) else rows
    return found


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="bench")
    for heading in ("row", "what", "floor", "ours", "unit", "ratio", "pass", "aim", "passed"):
        table.add_column(heading)
    for row in rows:
        numbers = {key: f"{row[key]:,.3g}" for key in ("floor", "ours", "ratio")}
        table.add_row(
            row["row"], row["what"], numbers["floor"], numbers["ours"], row["unit"], numbers["ratio"],
            str(row["pass"]), str(row["aim"]), "yes" if row["passed"] else "NO",
        )  # fmt: skip
    Console(width=160 if not sys.stdout.isatty() else None).print(table)


def main() -> None:
    names = tuple(sys.argv[1:]) or MODULES
    rows = asyncio.run(measure(names))
    show(rows)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
