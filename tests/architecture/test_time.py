"""One module reads clocks, and no test waits by sleeping."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source_tree import ROOT, full_name, imported_names, is_test, parsed, python_files, where

CLOCKS = "libs/chassis/src/hotline_chassis/clocks.py"
READS = {
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
SLEEPS = {"asyncio.sleep", "time.sleep", "anyio.sleep"}
ALLOWED = {
    "libs/chassis/tests/bus/test_kafka_faults.py::append_through": "pauses as a relay does; has a deadline",
    "libs/chassis/tests/bus/test_kafka_faults.py::read_through": "pauses as a consumer does; has a deadline",
    "libs/chassis/tests/runtime/test_relay.py::_until_outbox_is_empty": "polls; has a deadline",
    "libs/chassis/tests/runtime/test_relay.py::test_two_relays_never_reorder_a_ticket": "polls; has a deadline",
    "tests/faults/test_kill_nine.py::_until_back": "polls another process; has a deadline",
    "tests/faults/test_kill_nine.py::test_kills_at_random_under_load_break_no_promise": "a random moment is the test",
    "tests/load/production_layout.py::until": "polls other processes; has a deadline",
    "tests/integration/test_real_kafka.py::until": "polls; aiokafka tells of assignments by their state only",
}
"""Where a test sleeps, and why that is no waiting in the dark."""


def calls(path: Path, wanted: set[str]) -> Iterator[tuple[ast.Call, str]]:
    """Calls of these names in a file, each with the function it stands in (or ``<module>``)."""
    tree = parsed(path)
    names = imported_names(tree)

    def walk(node: ast.AST, function: str) -> Iterator[tuple[ast.Call, str]]:
        for child in ast.iter_child_nodes(node):
            inner = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            if isinstance(child, ast.Call) and full_name(child.func, names) in wanted:
                yield child, function
            yield from walk(child, inner)

    yield from walk(tree, "<module>")


def clock_reads(root: Path) -> list[str]:
    """Also under an alias, and whatever ``noqa`` stands beside it."""
    return [
        where(path, root, call.lineno)
        for path in python_files(root)
        if where(path, root) != CLOCKS
        for call, _ in calls(path, READS)
    ]


def sleeps_in_tests(root: Path) -> list[str]:
    """``sleep(0)`` only lets others run, so it is no waiting. Benchmarks assert nothing: they may take their time."""
    return [
        f"{where(path, root)}::{function}"
        for path in python_files(root)
        if is_test(path, root) and not path.name.startswith("bench_")
        for call, function in calls(path, SLEEPS)
        if not (call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
    ]


def test_only_the_clocks_module_reads_a_clock() -> None:
    assert clock_reads(ROOT) == []


def test_tests_wait_for_a_condition_and_never_sleep() -> None:
    assert set(sleeps_in_tests(ROOT)) - set(ALLOWED) == set()


def test_no_exception_outlives_its_reason() -> None:
    assert set(ALLOWED) <= set(sleeps_in_tests(ROOT))


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nx = datetime.now()",
        "import datetime as d\nx = d.date.today()",
        "import time as t\nx = t.time()",
        "from time import time as clock\nx = clock()  # noqa: TID251",
    ],
)
def test_a_clock_read_is_seen_under_any_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "rule.py").write_text(text, encoding="utf-8")
    assert clock_reads(tmp_path) == ["rule.py:2"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("import asyncio\nasync def test_x():\n    await asyncio.sleep(0.1)", ["tests/test_x.py::test_x"]),
        ("from time import sleep\ndef test_x():\n    sleep(1)", ["tests/test_x.py::test_x"]),
        ("import asyncio\nasync def test_x():\n    await asyncio.sleep(0)", []),
    ],
)
def test_a_sleep_in_a_test_is_seen(tmp_path: Path, text: str, seen: list[str]) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text(text, encoding="utf-8")
    assert sleeps_in_tests(tmp_path) == seen


@pytest.mark.parametrize("call", ["datetime.now(UTC)", "datetime.utcnow()", "datetime.today()"])
def test_the_linter_refuses_a_clock_read_in_a_service(call: str) -> None:
    text = f"from datetime import UTC, datetime\nNOW = {call}\n"
    linted = subprocess.run(
        [
            str(Path(sys.executable).parent / "ruff"),
            *("check", "--no-cache", "--output-format=concise"),
            *("--stdin-filename", "services/sla-svc/src/sla_svc/domain/wrong.py", "-"),
        ],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert linted.returncode == 1, linted.stderr
    assert ":2:7: TID251" in linted.stdout
