"""A test that does not run says why."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from .source_tree import ROOT, dotted, is_test, parsed, python_files, where

MARKS = {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
CALLS = {"pytest.skip", "pytest.xfail"}


def silent_skips(root: Path) -> Iterator[str]:
    """Marks without a call or a reason, and calls without a text."""
    for path in python_files(root):
        if is_test(path, root) or path.name.startswith(("test_", "conftest")):
            tree = parsed(path)
            told = {
                id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call) and _gives_reason(node)
            }
            told |= {id(node.value) for node in ast.walk(tree) if _names_an_outcome(node)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and dotted(node) in MARKS | CALLS and id(node) not in told:
                    yield where(path, root, node.lineno)


def _names_an_outcome(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """``pytest.skip.Exception`` is what a test expects of others; it skips nothing itself."""
    return isinstance(node, ast.Attribute) and node.attr == "Exception"


def _gives_reason(call: ast.Call) -> bool:
    name = dotted(call.func)
    reasons = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    if name in CALLS or name == "pytest.mark.skip":
        reasons += call.args[:1]
    return any(not (isinstance(reason, ast.Constant) and not reason.value) for reason in reasons)


def test_every_skip_and_xfail_has_a_reason() -> None:
    assert list(silent_skips(ROOT)) == []


@pytest.mark.parametrize(
    "line",
    ["pytest.mark.skip", "pytest.mark.xfail()", "pytest.mark.skipif(1)", "pytest.skip()", "pytest.skip('')"],
)
def test_a_silent_skip_is_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "test_x.py").write_text(f"import pytest\nx = {line}\n", encoding="utf-8")
    assert list(silent_skips(tmp_path)) == ["test_x.py:2"]


@pytest.mark.parametrize(
    "line",
    [
        "pytest.mark.skip('no Java')",
        "pytest.mark.xfail(reason='x')",
        "pytest.skip(why)",
        "pytest.skip.Exception",
    ],
)
def test_a_reason_is_enough(tmp_path: Path, line: str) -> None:
    (tmp_path / "test_x.py").write_text(f"import pytest\nx = {line}\n", encoding="utf-8")
    assert list(silent_skips(tmp_path)) == []
