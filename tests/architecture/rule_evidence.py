"""Which code and which tests name a rule, read from the sources without importing them."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .rule_catalogue import RULE_ID
from .source_tree import PRODUCT, dotted, is_test, parsed, python_files

_NAMED = re.compile(r"(?:Source:[^\n]*(?:\n[ \t]+[^\n]*)?|\brules?\s+[TNHI]\d[^.;:\n]*)")
_IN_DATA = re.compile(rf"(?:^|; ){RULE_ID.pattern}(?=$|:|;)")
Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass
class Evidence:
    """Places by file, each sorted: names of definitions (or tables), and names of tests."""

    code: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    tests: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def gather(root: Path) -> dict[str, Evidence]:
    """Evidence by rule id, for every id that is named anywhere; unknown ids too."""
    found: dict[str, Evidence] = defaultdict(Evidence)
    for path in python_files(root):
        place = path.relative_to(root).as_posix()
        if is_test(path, root):
            for rule, test in marked_tests(parsed(path)):
                found[rule].tests[place].add(test)
        elif place.startswith(PRODUCT):
            for rule, symbol in named_in_code(path):
                found[rule].code[place].add(symbol)
    return found


def named_in_code(path: Path) -> Iterator[tuple[str, str]]:
    """Rule id and the outermost definition that names it: docstring, comment or a table's string."""
    tree = parsed(path)
    symbols = _symbols(tree)
    docstrings = {id(text) for text in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for rule in _named(node.value) if id(node) in docstrings else _in_table(node.value):
                yield rule, symbols.get(node.lineno, "")
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            for rule in _named(token.string):
                yield rule, symbols.get(token.start[0], "")


def _named(prose: str) -> Iterator[str]:
    for passage in _NAMED.finditer(prose):
        yield from RULE_ID.findall(passage[0])


def _in_table(text: str) -> Iterator[str]:
    for entry in _IN_DATA.finditer(text):
        yield from RULE_ID.findall(entry[0])


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    """Also the strings that stand below a constant or a field to describe it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _symbols(tree: ast.Module) -> dict[int, str]:
    """Line → outermost function, class or constant that stands there."""
    lines: dict[int, str] = {}
    name = ""
    for node in tree.body:
        if isinstance(node, Named):
            name = node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            name = dotted(target)
        elif not isinstance(node, ast.Expr):
            continue
        lines |= dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), name)
    return lines


def marked_tests(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Rule id and test, from decorators, a module's ``pytestmark`` and the marks of single parameters."""
    everywhere = [
        rule
        for node in tree.body
        if isinstance(node, ast.Assign) and any(dotted(target) == "pytestmark" for target in node.targets)
        for rule in _marks(node.value)
    ]
    yield from _tests_of(tree.body, everywhere)


def _tests_of(body: list[ast.stmt], inherited: list[str]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, Named):
            rules = [*inherited, *(rule for mark in node.decorator_list for rule in _marks(mark))]
            if isinstance(node, ast.ClassDef):
                yield from _tests_of(node.body, rules)
            elif node.name.startswith("test_"):
                yield from ((rule, node.name) for rule in rules)


def _marks(tree: ast.expr) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "pytest.mark.rule":
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))
