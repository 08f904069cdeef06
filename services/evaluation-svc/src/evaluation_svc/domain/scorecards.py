"""A unit's month in numbers: indicators with numerator and denominator, the score, the rank in its group."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from evaluation_svc.domain.due_tickets import Standing
from evaluation_svc.domain.ratings import SATISFIED
from hotline_contracts.values import RatingLevel, UnitGroup
from hotline_worktime.policy import IndicatorName, IndicatorRule, ScorecardRules

Excluded: TypeAlias = Mapping[str, int]

NOT_COUNTED: frozenset[Standing] = frozenset({"cancelled", "not_due"})
"""Standings of due tickets that are no part of on time's denominator."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted of one unit in one month.

    Attributes:
        due: due tickets by standing.
        rated: formed ratings by (level, solved).
        unrated: why others did not count: how their follow-up ended, or ``redo_pending``.
    """

    due: Mapping[Standing, int] = field(default_factory=dict)
    rated: Mapping[tuple[RatingLevel, bool], int] = field(default_factory=dict)
    unrated: Excluded = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One rate, never a bare percentage: what counted, of how many, who was left out and why."""

    name: IndicatorName
    of: int
    numerator: int
    denominator: int
    excluded: Excluded

    @property
    def points(self) -> Fraction:
        return Fraction(self.of * self.numerator, self.denominator)


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit with its score, before it is ranked."""

    unit: str
    group: UnitGroup
    score: Decimal
    due: int
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the scorecard; ``rank`` is None where the sample is too small."""

    scored: Scored
    rank: int | None
    bottom: bool


def half_up(value: Fraction) -> Decimal:
    """Two decimals, halves away from zero; for values that are not negative."""
    return Decimal((value * 200 + 1) // 2).scaleb(-2)


def indicators_of(tally: Tally, rules: ScorecardRules) -> tuple[Indicator, ...]:
    """The policy's indicators in its order; one without data (denominator 0) is left out. Source: rule N9."""
    found = (_COUNTED[rule.name](tally, rule) for rule in rules.indicators)
    return tuple(indicator for indicator in found if indicator.denominator)


def score_of(indicators: Sequence[Indicator]) -> Decimal:
    """100 × Σ points / Σ of what there is data for, rounded once, at the end. Source: rule N10."""
    return half_up(
        100 * sum((one.points for one in indicators), Fraction()) / sum(one.of for one in indicators)
    )


def scorecard(
    tallies: Mapping[str, Tally], groups: Mapping[str, UnitGroup], rules: ScorecardRules
) -> list[Item]:
    """Every unit with data, by group, rank (unranked last) and code.

    A unit without any indicator is left out: there is nothing to say of its month. So is a unit whose group
    is not known here yet.
    """
    by_group: dict[UnitGroup, list[Scored]] = defaultdict(list)
    for unit, tally in tallies.items():
        indicators = indicators_of(tally, rules)
        if indicators and unit in groups:
            scored = Scored(unit, groups[unit], score_of(indicators), _decided(tally), indicators)
            by_group[groups[unit]].append(scored)
    return [item for group in sorted(by_group) for item in ranked(by_group[group], rules)]


def ranked(units: Iterable[Scored], rules: ScorecardRules) -> list[Item]:
    """Rank the units of one group by the score that is shown; ties share a rank (1, 1, 3).

    Source: rule N10.
    """
    best_first = sorted(units, key=lambda one: (-one.score, one.unit))
    large = [scored for scored in best_first if scored.due >= rules.ranked_from]
    small = [scored for scored in best_first if scored.due < rules.ranked_from]
    first_of_bottom = len(large) - bottom_size(len(large), rules)
    items, rank = [], 0
    for place, scored in enumerate(large):
        if place == 0 or scored.score != large[place - 1].score:
            rank = place + 1
        # A tie across the edge would make the bottom larger than the rule allows, or choose by chance whom it
        # hits: it stays outside. So a unit is at the bottom only if all that share its rank fit in.
        items.append(Item(scored, rank, bottom=rank > first_of_bottom))
    return [*items, *(Item(scored, None, bottom=False) for scored in small)]


def bottom_size(ranked_units: int, rules: ScorecardRules) -> int:
    """How many units the bottom of a group holds at most. Source: rule N10."""
    if ranked_units < rules.bottom_from:
        return 0
    return min(rules.bottom_most, max(1, ranked_units * rules.bottom_percent // 100))


def _decided(tally: Tally) -> int:
    return tally.due.get("on_time", 0) + tally.due.get("late", 0)


def _on_time(tally: Tally, rule: IndicatorRule) -> Indicator:
    excluded = {str(reason): n for reason, n in sorted(tally.due.items()) if reason in NOT_COUNTED and n}
    return Indicator(rule.name, rule.of, tally.due.get("on_time", 0), _decided(tally), excluded)


def _solved(tally: Tally, rule: IndicatorRule) -> Indicator:
    solved = sum(n for (_, solved), n in tally.rated.items() if solved)
    return _of_ratings(solved, tally, rule)


def _satisfied(tally: Tally, rule: IndicatorRule) -> Indicator:
    satisfied = sum(n for (level, _), n in tally.rated.items() if level in SATISFIED)
    return _of_ratings(satisfied, tally, rule)


def _of_ratings(numerator: int, tally: Tally, rule: IndicatorRule) -> Indicator:
    excluded = {reason: n for reason, n in sorted(tally.unrated.items()) if n}
    return Indicator(rule.name, rule.of, numerator, sum(tally.rated.values()), excluded)


_COUNTED: Mapping[IndicatorName, Callable[[Tally, IndicatorRule], Indicator]] = {
    "on_time": _on_time,
    "solved": _solved,
    "satisfied": _satisfied,
}
