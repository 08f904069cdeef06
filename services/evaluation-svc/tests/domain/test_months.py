from datetime import UTC, datetime

import pytest

from evaluation_svc.domain.months import Month


@pytest.mark.rule("N9")
@pytest.mark.parametrize(
    ("name", "begins_at", "ends_before"),
    [
        ("2026-02", datetime(2026, 1, 31, 16, tzinfo=UTC), datetime(2026, 2, 28, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_month_is_shanghais_and_half_open(name: str, begins_at: datetime, ends_before: datetime) -> None:
    month = Month.named(name)
    assert (month.begins_at, month.ends_before) == (begins_at, ends_before)
    assert str(month) == name


def test_a_running_month_goes_by_todays_policy_and_a_past_one_by_its_last() -> None:
    month = Month.named("2026-02")
    noon = datetime(2026, 2, 10, 4, tzinfo=UTC)
    assert month.judged_at(noon) == noon
    assert month.judged_at(datetime(2026, 5, 1, tzinfo=UTC)) == datetime(
        2026, 2, 28, 15, 59, 59, 999999, tzinfo=UTC
    )
