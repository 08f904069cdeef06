"""The policy's sections about asking requesters and scoring units."""

import json

import pytest
from pydantic import ValidationError

from hotline_worktime.policy import POLICY_1, FollowUpRules, IndicatorRule, Policy, ScorecardRules

SECTIONS = {"follow_up", "scorecard"}


@pytest.mark.rule("N9")
def test_handling_is_worth_fifty_points() -> None:
    points = {indicator.name: indicator.of for indicator in POLICY_1.document.scorecard.indicators}
    assert points == {"on_time": 15, "solved": 20, "satisfied": 15}
    assert sum(points.values()) == 50
    assert {indicator.origin for indicator in POLICY_1.document.scorecard.indicators} == {"default"}


@pytest.mark.rule("N10")
def test_small_samples_and_bottoms_are_as_the_catalogue_says() -> None:
    rules = POLICY_1.document.scorecard
    assert (rules.ranked_from, rules.bottom_most, rules.bottom_percent, rules.bottom_from) == (5, 3, 10, 5)


def test_a_document_stored_before_these_sections_existed_still_reads() -> None:
    stored = POLICY_1.model_dump(mode="json")
    stored["document"] = {name: part for name, part in stored["document"].items() if name not in SECTIONS}
    read = Policy.model_validate_json(json.dumps(stored))
    assert read == POLICY_1
    assert read.document.follow_up == FollowUpRules(attempts=3, attempt_days=2)


def test_an_indicator_cannot_stand_twice() -> None:
    line = IndicatorRule(name="solved", of=20, origin="city", rule="N9")
    with pytest.raises(ValidationError):
        ScorecardRules(indicators=(line, line))
