"""A file that passes 400 lines wants to be two: which noun wants to move out?"""

import sys
from pathlib import Path

import pytest

from .source_tree import ROOT, python_files, where

LOOK_AGAIN = 300
STOP = 400


def files_over(limit: int, root: Path) -> list[str]:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(root)}
    return [f"{where(path, root)}: {lines} lines" for path, lines in lengths.items() if lines > limit]


def test_no_python_file_passes_400_lines() -> None:
    assert files_over(STOP, ROOT) == []


def test_files_over_300_lines_are_listed_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    listed = files_over(LOOK_AGAIN, ROOT)
    with capsys.disabled():
        for line in listed:
            sys.stdout.write(f"\nlook again: {line}")
    assert set(files_over(STOP, ROOT)) <= set(listed)


def test_line_401_is_seen(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * 401, encoding="utf-8")
    (tmp_path / "whole.py").write_text("x = 1\n" * 400, encoding="utf-8")
    assert files_over(STOP, tmp_path) == ["long.py: 401 lines"]
