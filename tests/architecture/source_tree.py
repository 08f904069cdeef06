"""The checkout as its checks see it: which files there are, and their parsed Python."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("libs", "services", "gateway", "deploy")
_NOT_OURS = {"__pycache__", "node_modules"}


def files_under(root: Path, *, suffixes: tuple[str, ...] = ()) -> Iterator[Path]:
    """Every file of the checkout, hidden folders (but ``.ci``) and build products left out."""
    for entry in sorted(root.iterdir()):
        if entry.is_dir():
            hidden = entry.name.startswith(".") and entry.name != ".ci"
            if not hidden and entry.name not in _NOT_OURS and not entry.name.endswith(".egg-info"):
                yield from files_under(entry, suffixes=suffixes)
        elif entry.name.endswith(suffixes or ("",)):
            yield entry


def python_files(root: Path) -> list[Path]:
    return list(files_under(root, suffixes=(".py",)))


def is_test(path: Path, root: Path) -> bool:
    return "tests" in path.relative_to(root).parts[:-1]


@cache
def _parsed(path: Path, _changed: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def parsed(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime_ns)


def where(path: Path, root: Path, line: int | None = None) -> str:
    place = path.relative_to(root).as_posix()
    return place if line is None else f"{place}:{line}"


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of a name or an attribute, the empty string of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name → what it stands for, so that no alias hides a call."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """``dotted`` with its first part replaced by what was imported under that name."""
    first, dot, rest = dotted(node).partition(".")
    return f"{names.get(first, first)}{dot}{rest}"
