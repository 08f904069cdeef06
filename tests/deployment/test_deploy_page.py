"""The operators' page agrees with code and manifests; every check has been seen to fail on a mutant."""

from collections.abc import Callable, Iterable

import pytest

from . import document_checks
from .code import services
from .rendering import Resource

CODE = services()
TEXT = document_checks.PAGE.read_text(encoding="utf-8")

CHECKS: dict[str, Callable[[str, list[Resource]], Iterable[str]]] = {
    "topics": lambda text, _: document_checks.wrong_topics(text, CODE),
    "roles": lambda text, _: document_checks.wrong_roles(text, CODE),
    "secrets": document_checks.wrong_secrets,
    "first step": document_checks.wrong_first_step,
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_for_operators_says_how_it_is(prod: list[Resource], check: str) -> None:
    assert list(CHECKS[check](TEXT, prod)) == []


MUTANTS: list[tuple[str, str, str, str]] = [
    ("topics", "| `sla.clocks` | 4 |", "| `sla.clocks` | 8 |", "not so: ['sla.clocks', '8'"),
    ("topics", "| `routing.texts` |", "| `routing.words` |", "missing: ['routing.texts'"),
    ("topics", "evaluation-svc、sla-svc | 永久", "sla-svc | 永久", "missing: ['routing.tickets'"),
    ("roles", "| `hotline/intake-svc` | ✓ | |", "| `hotline/intake-svc` | ✓ | ✓ |", "not so: ['hotline/intake-svc'"),
    ("secrets", "| `hotline-master-keys` |", "| `master-keys` |", "hotline-master-keys is not explained"),
    ("secrets", "| `hotline-tls` |", "| `tls` |", "tls is not used"),
    ("first step", "(serve,consume,relay,tick)", "(serve,consume,relay)", "Deployments are applied"),
    ("first step", "(serve,consume,relay,tick)", "(serve,consume,relay,tick,migrate)", "not every Job"),
]  # fmt: skip
"""The check, a wrong edit of the page, and what the check must then say."""


@pytest.mark.parametrize(("check", "was", "becomes", "said"), MUTANTS, ids=[said for *_, said in MUTANTS])
def test_a_wrong_page_is_seen(prod: list[Resource], check: str, was: str, becomes: str, said: str) -> None:
    assert was in TEXT
    assert any(said in finding for finding in CHECKS[check](TEXT.replace(was, becomes), prod))


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, *_ in MUTANTS} == CHECKS.keys()
