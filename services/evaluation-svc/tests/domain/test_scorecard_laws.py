"""Laws of scores and ranks that hold for whatever was counted."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation_svc.domain.scorecards import (
    Item,
    Scored,
    Tally,
    bottom_size,
    half_up,
    indicators_of,
    ranked,
    score_of,
    scorecard,
)
from hotline_contracts.values import RatingLevel, UnitGroup
from hotline_worktime.policy import IndicatorRule, ScorecardRules

RULES = ScorecardRules()
FEW = st.integers(0, 12)
LEVELS = st.sampled_from(get_args(RatingLevel))
GROUPS = st.sampled_from(get_args(UnitGroup))
TALLIES = st.builds(
    Tally,
    due=st.dictionaries(st.sampled_from(["on_time", "late", "cancelled", "not_due"]), FEW),
    rated=st.dictionaries(st.tuples(LEVELS, st.booleans()), FEW, max_size=4),
    unrated=st.dictionaries(st.sampled_from(["refused", "redo_pending", "unreachable"]), FEW),
)
CODES = st.integers(1, 60).map(lambda number: f"u{number:02}")
CITIES = st.dictionaries(CODES, st.tuples(TALLIES, GROUPS), max_size=30)
SCORES = st.integers(0, 20).map(lambda score: Decimal(score * 5))
UNITS = st.dictionaries(CODES, st.tuples(SCORES, st.integers(0, 9)), max_size=45).map(
    lambda found: [Scored(unit, "county", score, due, ()) for unit, (score, due) in found.items()]
)


def drawn(city: dict[str, tuple[Tally, UnitGroup]]) -> list[Item]:
    tallies = {unit: tally for unit, (tally, _) in city.items()}
    return scorecard(tallies, {unit: group for unit, (_, group) in city.items()}, RULES)


@pytest.mark.rule("N10")
@given(city=CITIES, order=st.randoms(use_true_random=False))
def test_the_order_in_which_units_are_counted_changes_nothing(city: Any, order: Any) -> None:
    shuffled = list(city.items())
    order.shuffle(shuffled)
    assert drawn(dict(shuffled)) == drawn(city)


@pytest.mark.rule("N10")
@given(units=UNITS)
def test_a_rank_is_one_more_than_how_many_are_better(units: list[Scored]) -> None:
    items = ranked(units, RULES)
    placed = [item for item in items if item.rank is not None]
    for item in placed:
        assert item.rank == 1 + sum(other.scored.score > item.scored.score for other in placed)
    # Sharing a rank takes nothing from the sum but what the shared places differ by.
    tied = sum(
        other.scored.unit < item.scored.unit and other.scored.score == item.scored.score
        for item in placed
        for other in placed
    )
    assert sum(item.rank or 0 for item in placed) == len(placed) * (len(placed) + 1) // 2 - tied


@pytest.mark.rule("N10")
@given(units=UNITS)
def test_only_large_enough_samples_are_ranked_and_nobody_is_lost(units: list[Scored]) -> None:
    items = ranked(units, RULES)
    assert sorted(item.scored.unit for item in items) == sorted(unit.unit for unit in units)
    assert all((item.rank is not None) == (item.scored.due >= RULES.ranked_from) for item in items)


@pytest.mark.rule("N10")
@given(
    units=UNITS,
    rules=st.builds(
        ScorecardRules,
        bottom_most=st.integers(0, 6),
        bottom_percent=st.integers(0, 100),
        bottom_from=st.integers(0, 9),
    ),
)
def test_the_bottom_never_exceeds_its_size_and_never_divides_a_tie(
    units: list[Scored], rules: ScorecardRules
) -> None:
    placed = [item for item in ranked(units, rules) if item.rank is not None]
    bottom = [item for item in placed if item.bottom]
    assert len(bottom) <= bottom_size(len(placed), rules)
    worst_outside = min((item.scored.score for item in placed if not item.bottom), default=None)
    if bottom and worst_outside is not None:
        assert max(item.scored.score for item in bottom) < worst_outside


@pytest.mark.rule("N9")
@given(tally=TALLIES)
def test_one_more_ticket_on_time_never_lowers_a_score(tally: Tally) -> None:
    better = replace(tally, due={**tally.due, "on_time": tally.due.get("on_time", 0) + 1})
    before = indicators_of(tally, RULES)
    if before:
        assert score_of(indicators_of(better, RULES)) >= score_of(before)


@pytest.mark.rule("N9")
@given(tally=TALLIES)
def test_one_more_good_rating_never_lowers_and_a_bad_one_never_lifts(tally: Tally) -> None:
    before = indicators_of(tally, RULES)
    if before:
        good, bad = with_rating(tally, "very_satisfied", True), with_rating(tally, "very_dissatisfied", False)
        assert score_of(indicators_of(bad, RULES)) <= score_of(before) <= score_of(indicators_of(good, RULES))


def with_rating(tally: Tally, level: RatingLevel, solved: bool) -> Tally:
    return replace(tally, rated={**tally.rated, (level, solved): tally.rated.get((level, solved), 0) + 1})


@pytest.mark.rule("N10")
@given(tally=TALLIES, factor=st.integers(1, 9))
def test_only_the_proportion_of_the_points_matters(tally: Tally, factor: int) -> None:
    larger = tuple(
        IndicatorRule(name=one.name, of=one.of * factor, origin=one.origin, rule=one.rule)
        for one in RULES.indicators
    )
    found = indicators_of(tally, RULES)
    if found:
        assert score_of(indicators_of(tally, ScorecardRules(indicators=larger))) == score_of(found)


@given(tally=TALLIES)
def test_a_score_lies_between_nothing_and_a_hundred(tally: Tally) -> None:
    found = indicators_of(tally, RULES)
    assert all(0 <= one.numerator <= one.denominator for one in found)
    if found:
        assert 0 <= score_of(found) <= 100


@given(value=st.fractions(min_value=0, max_value=100))
def test_rounding_is_off_by_half_a_cent_at_most_and_keeps_order(value: Fraction) -> None:
    shown = Fraction(half_up(value))
    assert -Fraction(1, 200) <= value - shown < Fraction(1, 200)
    assert half_up(value + Fraction(1, 1000)) >= half_up(value)
