"""Rules, code and tests name each other, and docs/rules.md says so truly."""

import ast
from pathlib import Path

import pytest

from .rule_catalogue import RULES
from .rule_evidence import gather, marked_tests, named_in_code
from .rules_document import DOCUMENT, POLICY, render
from .source_tree import ROOT

CATALOGUE = ROOT.parent / "shared/domain/rules.md"


def test_every_rule_that_code_or_tests_name_stands_in_the_catalogue() -> None:
    assert set(gather(ROOT)) <= set(RULES)


def test_an_unknown_rule_is_seen(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text(
        'import pytest\n@pytest.mark.rule("N12")\ndef test_x(): ...\n', encoding="utf-8"
    )
    assert set(gather(tmp_path)) == {"N12"}


def test_the_ids_are_those_of_the_catalogue() -> None:
    if not CATALOGUE.exists():
        pytest.skip("../shared/domain/rules.md is not here")
    text = CATALOGUE.read_text(encoding="utf-8")
    assert [rule for rule in RULES if f" {rule} " not in text and f"- {rule}" not in text] == []


def test_the_rules_document_is_up_to_date() -> None:
    committed = DOCUMENT.read_text(encoding="utf-8")
    assert committed == render(ROOT), "docs/rules.md is stale: run make rules"


def test_a_new_marker_makes_the_document_stale(tmp_path: Path) -> None:
    before = render(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text(
        'import pytest\n@pytest.mark.rule("N9")\ndef test_a_month_is_scored(): ...\n', encoding="utf-8"
    )
    after = render(tmp_path)
    assert before != after
    assert "`test_a_month_is_scored`" in after


def test_a_rule_that_only_the_policy_table_names_is_not_called_built(tmp_path: Path) -> None:
    table = tmp_path / f"{POLICY}_1.py"
    table.parent.mkdir(parents=True)
    table.write_text('ROWS = ("N10",)\n', encoding="utf-8")
    assert f"| {RULES['N10'].title} | 仅参数 |" in render(tmp_path)
    assert f"| {RULES['N11'].title} | 未建 | 全部 |" in render(tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('def due():\n    """When.\n\n    Source: rules I2 and T3.\n    """', {("I2", "due"), ("T3", "due")}),
        ('"""Module. Source: rule H2."""', {("H2", "")}),
        ("X = 8  # hours. Source: I4", {("I4", "X")}),
        ('class A:\n    """One of the five classes of rule N2 (key)."""', {("N2", "A")}),
        ('ROWS = (Row("Routing: edges; H3: why"), Row(rule="N10"))', {("H3", "ROWS"), ("N10", "ROWS")}),
        ('UNITS = ("A1区", "I9x", "no N3 here")', set()),
    ],
)
def test_code_names_rules_in_prose_and_in_tables(
    tmp_path: Path, text: str, named: set[tuple[str, str]]
) -> None:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    assert set(named_in_code(tmp_path / "a.py")) == named


@pytest.mark.parametrize(
    "text",
    [
        'import pytest\n@pytest.mark.rule("T1")\nasync def test_x(): ...',
        'import pytest\npytestmark = [pytest.mark.rule("T1")]\ndef test_x(): ...',
        'import pytest\n@pytest.mark.rule("T1")\nclass TestX:\n    def test_x(self): ...',
        'import pytest\n@pytest.mark.parametrize("a", [pytest.param(1, marks=pytest.mark.rule("T1"))])\ndef test_x(a): ...',
    ],
)
def test_markers_are_found_wherever_pytest_finds_them(text: str) -> None:
    assert list(marked_tests(ast.parse(text))) == [("T1", "test_x")]
