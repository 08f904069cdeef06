"""What an answer may hold, and how an instant is spelt."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from hotline_chassis.web.fields import Day, Instant, Out

SHANGHAI = timezone(timedelta(hours=8))


class Shown(Out):
    at: Instant
    on: Day = date(2026, 2, 1)


@pytest.mark.parametrize(
    "at", [datetime(2026, 2, 1, 9, tzinfo=SHANGHAI), datetime(2026, 2, 1, 1, tzinfo=UTC)]
)
def test_an_instant_has_one_spelling(at: datetime) -> None:
    assert Shown(at=at).model_dump_json() == '{"at":"2026-02-01T01:00:00.000000Z","on":"2026-02-01"}'


def test_a_naive_instant_never_leaves() -> None:
    with pytest.raises(ValidationError):
        Shown(at=datetime(2026, 2, 1, 9))  # noqa: DTZ001 - what must not be


def test_an_instant_is_no_day() -> None:
    with pytest.raises(ValidationError):
        Shown(at=datetime(2026, 2, 1, tzinfo=UTC), on=datetime(2026, 2, 1, tzinfo=UTC))
