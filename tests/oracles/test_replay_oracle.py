"""The replay's expected figures still follow from the messages."""

import json
from pathlib import Path

import pytest

from .replay_oracle import expected

ROOT = Path(__file__).parents[2]
MESSAGES = ROOT.parent / "shared/data/messages_with_replies.csv"
FIXTURE = ROOT / "tests/fixtures/replay_expected.json"


@pytest.mark.rule("T3")
def test_the_oracle_still_finds_the_figures_of_the_fixture() -> None:
    if not MESSAGES.exists():
        pytest.skip("../shared/data/messages_with_replies.csv is not here")
    assert expected(MESSAGES) == json.loads(FIXTURE.read_text(encoding="utf-8"))


def test_the_figures_of_the_fixture_agree_with_each_other() -> None:
    found = json.loads(FIXTURE.read_text(encoding="utf-8"))
    for figures in (*found["types"].values(), found["total"]):
        assert figures["on_time"] + figures["late"] == figures["tickets"]
        assert figures["red"] == figures["late"] <= figures["yellow"] <= figures["tickets"]
    for name, total in found["total"].items():
        assert total == sum(figures[name] for figures in found["types"].values())
    assert found["rows"] == found["total"]["tickets"]
