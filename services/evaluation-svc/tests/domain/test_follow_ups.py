"""When attempts end a follow-up."""

from datetime import datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation_svc.domain.follow_ups import Attempt, outcome_after
from hotline_contracts.values import AttemptOutcome
from hotline_worktime.policy import FollowUpRules

SHANGHAI = timezone(timedelta(hours=8))
RULES = FollowUpRules()


def attempts(*made: tuple[AttemptOutcome, str]) -> list[Attempt]:
    return [Attempt(outcome, datetime.fromisoformat(at).replace(tzinfo=SHANGHAI)) for outcome, at in made]


@pytest.mark.rule("I3")
@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        ([], None),
        ([("answered", "2026-03-02 09:00")], None),
        ([("refused", "2026-03-02 09:00")], "refused"),
        ([("wrong_number", "2026-03-02 09:00")], "wrong_number"),
        ([("unreachable", "2026-03-02 09:00"), ("refused", "2026-03-02 10:00")], "refused"),
        ([("unreachable", "2026-03-02 09:00"), ("unreachable", "2026-03-03 09:00")], None),
        # Three on one day are not enough; a fourth on the next one is.
        ([("unreachable", "2026-03-02 09:00")] * 3, None),
        ([("unreachable", "2026-03-02 09:00")] * 3 + [("unreachable", "2026-03-03 00:00")], "unreachable"),
        # Days are Shanghai's: half an hour before and after midnight are two.
        (
            [("unreachable", "2026-03-02 23:00"), ("call_later", "2026-03-02 23:30"), ("unreachable", "2026-03-03 00:30")],
            "unreachable",
        ),
        # An answered call is no failure, and no day of failing.
        (
            [("unreachable", "2026-03-02 09:00"), ("unreachable", "2026-03-02 09:30"), ("answered", "2026-03-03 09:00")],
            None,
        ),
    ],
)  # fmt: skip
def test_attempts_end_a_follow_up_by_this_table(
    made: list[tuple[AttemptOutcome, str]], outcome: str | None
) -> None:
    assert outcome_after(attempts(*made), RULES) == outcome


OUTCOMES = st.sampled_from(get_args(AttemptOutcome))


@given(
    made=st.lists(st.tuples(OUTCOMES, st.integers(0, 96)), max_size=12),
    enough=st.integers(1, 5),
    days=st.integers(1, 3),
)
def test_nobody_is_unreachable_before_enough_calls_on_enough_days(
    made: list[tuple[AttemptOutcome, int]], enough: int, days: int
) -> None:
    begin = datetime(2026, 3, 2, tzinfo=SHANGHAI)
    calls = [
        Attempt(outcome, begin + timedelta(hours=hour)) for outcome, hour in sorted(made, key=lambda m: m[1])
    ]
    if outcome_after(calls, FollowUpRules(attempts=enough, attempt_days=days)) == "unreachable":
        missed = [call for call in calls if call.outcome in {"call_later", "unreachable"}]
        assert len(missed) >= enough
        assert len({call.at.date() for call in missed}) >= days
