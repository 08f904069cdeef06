"""Names that say nothing become drawers: they are refused before the first thing is put in."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source_tree import ROOT, files_under, parsed, python_files, where

DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base_service"}
EMPTY_CLASS_NAME = re.compile(r"(Manager|Helper|Utils?|Impl)$|^(Abstract[A-Z]|I[A-Z][a-z])")
_ONE_TERM = re.compile(r"三率")


def drawers(root: Path) -> list[str]:
    """Modules and folders with such a name, and modules that end with one."""
    return sorted(
        {
            where(path, root)
            for path in python_files(root)
            for part in (*path.relative_to(root).parts[:-1], path.stem)
            if part in DRAWERS or part.endswith(tuple(f"_{word}" for word in DRAWERS))
        }
    )


def empty_class_names(root: Path) -> Iterator[str]:
    for path in python_files(root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef) and EMPTY_CLASS_NAME.search(node.name):
                yield f"{where(path, root, node.lineno)}: {node.name}"


def lumped_rates(root: Path) -> Iterator[str]:
    """The lump word for on-time, solved and satisfied: each rate is named in full."""
    for path in files_under(root, suffixes=(".py", ".md", ".json")):
        if path != Path(__file__) and _ONE_TERM.search(path.read_text(encoding="utf-8")):
            yield where(path, root)


def test_no_module_or_folder_is_a_drawer() -> None:
    assert drawers(ROOT) == []


def test_no_class_is_named_after_its_role_in_a_pattern() -> None:
    assert list(empty_class_names(ROOT)) == []


def test_each_rate_is_named_in_full() -> None:
    assert list(lumped_rates(ROOT)) == []


@pytest.mark.parametrize("name", ["utils/clock.py", "helpers.py", "sla_manager.py", "common/__init__.py"])
def test_a_drawer_is_seen(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    assert drawers(tmp_path) == [name]


@pytest.mark.parametrize("name", ["TicketManager", "AbstractStore", "IStore", "StoreImpl"])
def test_an_empty_class_name_is_seen(tmp_path: Path, name: str) -> None:
    (tmp_path / "tickets.py").write_text(f"class {name}: ...\nclass Interim: ...\n", encoding="utf-8")
    assert list(empty_class_names(tmp_path)) == [f"tickets.py:1: {name}"]


def test_a_lumped_rate_is_seen(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("本月三率见下表", encoding="utf-8")
    assert list(lumped_rates(tmp_path)) == ["report.md"]
