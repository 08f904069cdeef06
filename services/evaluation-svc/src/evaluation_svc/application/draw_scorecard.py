"""Use case: a month's live scorecard, as much of it as the reader may see."""

from dataclasses import dataclass
from datetime import datetime

from evaluation_svc.application.ports import BeforeAllPolicies, ScorecardReader
from evaluation_svc.domain.actors import CITY_SCORE_READERS, Actor
from evaluation_svc.domain.months import Month
from evaluation_svc.domain.scorecards import Item, scorecard
from evaluation_svc.domain.units import subtree
from hotline_contracts.problems import InvalidInput

LIVE = 0
"""Version of a scorecard that is counted when it is asked for; published ones count from 1."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    month: Month
    version: int
    policy_version: int
    items: list[Item]


async def draw_scorecard(
    reader: ScorecardReader, month: Month, unit: str | None, actor: Actor, now: datetime
) -> Scorecard:
    """Count the month, rank everybody, then show what was asked for.

    A unit's person sees the items of its subtree only, with their true ranks. Source: rules N9 and N10.

    Args:
        unit: only this unit's item; None for all.
        now: decides the policy while the month still runs.

    Raises:
        InvalidInput: no policy held in that month.
        Unavailable: no policy has come yet.
    """
    try:
        policy = await reader.policy_at(month.judged_at(now))
    except BeforeAllPolicies:
        raise InvalidInput.at("path", "/month", "该月份早于最早的政策版本。") from None
    units = await reader.units()
    tallies = await reader.tallies(month, first_rating_stands=policy.scorecard.first_rating_stands)
    items = scorecard(tallies, {known.code: known.group for known in units}, policy.scorecard)
    if (root := actor.confined_to(CITY_SCORE_READERS)) is not None:
        own = subtree(units, root)
        items = [item for item in items if item.scored.unit in own]
    if unit is not None:
        items = [item for item in items if item.scored.unit == unit]
    return Scorecard(month, LIVE, policy.version, items)
