"""An outage fills no disk: a broker away for a minute once cost a thousand lines."""

import pytest

from hotline_chassis import troubles
from hotline_chassis.troubles import Troubles


async def test_a_trouble_is_told_at_once_and_then_only_when_a_line_is_due() -> None:
    found = Troubles()
    assert [found.due("BusUnavailable") for _ in range(4)] == [0, None, None, None]
    assert found.due("TimeoutError") == 0, "another trouble is news"


async def test_the_next_line_counts_those_that_were_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Troubles()
    assert [found.due("BusUnavailable") for _ in range(4)] == [0, None, None, None]
    monkeypatch.setattr(troubles, "EVERY_SECONDS", 0.0)
    assert [found.due("BusUnavailable") for _ in range(2)] == [3, 0]
