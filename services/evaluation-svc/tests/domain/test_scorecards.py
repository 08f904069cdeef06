"""Indicators, scores, ranks and bottoms, as tables."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

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
from hotline_worktime.policy import ScorecardRules

RULES = ScorecardRules()
FULL = Tally(
    due={"on_time": 7, "late": 2, "cancelled": 1, "not_due": 4},
    rated={
        ("very_satisfied", True): 2,
        ("satisfied", True): 1,
        ("basically_satisfied", False): 1,
        ("dissatisfied", True): 1,
        ("very_dissatisfied", False): 1,
    },
    unrated={"unreachable": 3, "refused": 1, "wrong_number": 2, "not_needed": 1, "redo_pending": 1},
)


def scored(unit: str, score: str, due: int = 10) -> Scored:
    return Scored(unit, "department", Decimal(score), due, ())


def lines(items: list[Item]) -> list[tuple[str, int | None, bool]]:
    return [(item.scored.unit, item.rank, item.bottom) for item in items]


@pytest.mark.rule("N9")
def test_each_indicator_names_numerator_denominator_and_exclusions_by_reason() -> None:
    found = {
        one.name: (one.of, one.numerator, one.denominator, dict(one.excluded))
        for one in indicators_of(FULL, RULES)
    }
    unrated = {"not_needed": 1, "redo_pending": 1, "refused": 1, "unreachable": 3, "wrong_number": 2}
    assert found == {
        "on_time": (15, 7, 9, {"cancelled": 1, "not_due": 4}),
        "solved": (20, 4, 6, unrated),
        "satisfied": (15, 4, 6, unrated),
    }


@pytest.mark.rule("N10")
@pytest.mark.parametrize(
    ("tally", "score"),
    [
        # 15·7/9 + 20·4/6 + 15·4/6 = 11.666… + 13.333… + 10 of 50
        (FULL, "70.00"),
        (Tally(due={"on_time": 1}), "100.00"),
        (Tally(due={"late": 1}), "0.00"),
        # No due ticket: on time is left out, the other two are rescaled: (20·1 + 15·0) of 35.
        (Tally(rated={("dissatisfied", True): 1}), "57.14"),
        (Tally(due={"on_time": 2, "late": 1}, rated={("satisfied", False): 1}), "50.00"),
    ],
)
def test_the_score_is_rescaled_to_what_there_is_data_for(tally: Tally, score: str) -> None:
    assert score_of(indicators_of(tally, RULES)) == Decimal(score)


@pytest.mark.rule("N10")
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(0), "0.00"),
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(1, 200), "0.01"),
        (Fraction(1005, 1000), "1.01"),  # a binary float would give 1.00
        (Fraction(100), "100.00"),
    ],
)
def test_halves_are_rounded_up_at_two_decimals(value: Fraction, shown: str) -> None:
    assert half_up(value) == Decimal(shown)
    assert str(half_up(value)) == shown


def test_points_are_exact_until_the_end() -> None:
    third = Tally(due={"on_time": 1, "late": 2}, rated={("satisfied", True): 1, ("dissatisfied", False): 2})
    assert [one.points for one in indicators_of(third, RULES)] == [Fraction(5), Fraction(20, 3), Fraction(5)]
    assert score_of(indicators_of(third, RULES)) == Decimal("33.33")


@pytest.mark.rule("N9")
@pytest.mark.parametrize("tally", [Tally(), Tally(due={"not_due": 3}), Tally(unrated={"unreachable": 2})])
def test_a_unit_without_any_indicator_is_left_out(tally: Tally) -> None:
    assert scorecard({"u": tally}, {"u": "department"}, RULES) == []


@pytest.mark.rule("N10")
def test_ties_share_a_rank_and_the_next_one_is_skipped() -> None:
    items = ranked([scored("c", "80.00"), scored("a", "90.00"), scored("b", "90.00")], RULES)
    assert lines(items) == [("a", 1, False), ("b", 1, False), ("c", 3, False)]


@pytest.mark.rule("N10")
def test_a_small_sample_is_scored_but_not_ranked_unless_the_policy_says_so() -> None:
    units = [scored("a", "90.00", due=4), scored("b", "80.00", due=5)]
    assert lines(ranked(units, RULES)) == [("b", 1, False), ("a", None, False)]
    everybody = RULES.model_copy(update={"ranked_from": 0})
    assert lines(ranked(units, everybody)) == [("a", 1, False), ("b", 2, False)]


@pytest.mark.rule("N10")
@pytest.mark.parametrize(
    ("ranked_units", "size"),
    [(0, 0), (4, 0), (5, 1), (9, 1), (10, 1), (19, 1), (20, 2), (29, 2), (30, 3), (45, 3), (119, 3)],
)
def test_the_bottom_is_three_or_a_tenth_whichever_is_fewer(ranked_units: int, size: int) -> None:
    assert bottom_size(ranked_units, RULES) == size


@pytest.mark.rule("N10")
@pytest.mark.parametrize(
    ("scores", "bottom"),
    [
        (["90", "80", "70", "60"], []),
        (["90", "80", "70", "60", "50"], [4]),
        # Two share the last place and only one may be at the bottom: nobody is, rather than one by chance.
        (["90", "80", "70", "50", "50"], []),
        ([*["90"] * 18, "50", "50"], [18, 19]),
        ([*["90"] * 17, "50", "50", "50"], []),
        ([*["90"] * 17, "60", "60", "50"], [19]),
    ],
)
def test_a_tie_across_the_edge_stays_outside_the_bottom(scores: list[str], bottom: list[int]) -> None:
    items = ranked([scored(f"{place:02}", score) for place, score in enumerate(scores)], RULES)
    assert [place for place, item in enumerate(items) if item.bottom] == bottom


@pytest.mark.rule("N10")
def test_groups_are_ranked_apart() -> None:
    good, bad = Tally(due={"on_time": 9, "late": 1}), Tally(due={"on_time": 5, "late": 5})
    tallies = {"d1": good, "d2": bad, "c1": bad, "c2": bad}
    groups: dict[str, Any] = {"d1": "department", "d2": "department", "c1": "county", "c2": "county"}
    assert lines(scorecard(tallies, groups, RULES)) == [
        ("c1", 1, False),
        ("c2", 1, False),
        ("d1", 1, False),
        ("d2", 2, False),
    ]


def test_a_unit_whose_group_is_not_known_yet_waits() -> None:
    tallies = {"d1": Tally(due={"on_time": 9}), "unheard": Tally(due={"on_time": 9})}
    assert lines(scorecard(tallies, {"d1": "department"}, RULES)) == [("d1", 1, False)]
