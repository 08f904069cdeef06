"""The dispatch directory: longest category prefix, then exact area, then any."""

from datetime import datetime, timedelta

import pytest

from routing_svc.domain.directory import DirectoryEntry, first_match, prefixes_of

from .builders import NOON, number

SINCE = NOON - timedelta(days=10)


def entry(
    lead: str,
    category: str | None = None,
    area_code: str | None = None,
    since: datetime = SINCE,
    until: datetime | None = None,
    made: int = 1,
) -> DirectoryEntry:
    return DirectoryEntry(number(made), category, area_code, lead, (), since, until)


def lead_for(
    entries: list[DirectoryEntry],
    category: str | None = "城乡建设/安全生产/事故处理",
    area_code: str = "520402",
    at: datetime = NOON,
) -> str | None:
    found = first_match(entries, category, area_code, at)
    return found.lead if found else None


def test_prefixes_are_whole_segments_longest_first() -> None:
    assert prefixes_of("a/b/c") == ["a/b/c", "a/b", "a"]
    assert prefixes_of(None) == []


@pytest.mark.parametrize(
    ("entries", "lead"),
    [
        pytest.param([entry("A", "城乡建设"), entry("B", "城乡建设/安全生产")], "B", id="longest-prefix"),
        pytest.param(
            [entry("A", "城乡建设/安全生产"), entry("B", "城乡建设", "520402")], "A", id="prefix-before-area"
        ),
        pytest.param([entry("A", "城乡建设"), entry("B", "城乡建设", "520402")], "B", id="exact-area"),
        pytest.param([entry("A", "城乡建设", "520403"), entry("B")], "B", id="other-area-does-not-match"),
        pytest.param([entry("A", "城乡"), entry("B")], "B", id="half-a-segment-is-no-prefix"),
        pytest.param([entry("A", "城乡建设/安全生产/事故处理/x")], None, id="deeper-does-not-match"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_the_first_match_decides(entries: list[DirectoryEntry], lead: str | None) -> None:
    assert lead_for(entries) == lead
    assert lead_for(list(reversed(entries))) == lead


def test_an_entry_holds_from_its_first_instant_and_no_longer_at_its_last() -> None:
    entries = [entry("A", since=NOON, until=NOON + timedelta(hours=1))]
    assert lead_for(entries, at=NOON - timedelta(microseconds=1)) is None
    assert lead_for(entries, at=NOON) == "A"
    assert lead_for(entries, at=NOON + timedelta(hours=1)) is None


def test_of_equals_the_one_that_holds_since_later_decides() -> None:
    assert lead_for([entry("A", since=NOON), entry("B")]) == "A"
    assert lead_for([entry("A", made=1), entry("B", made=2)]) == "B"


def test_a_ticket_without_category_is_matched_by_area_alone() -> None:
    entries = [entry("A", "城乡建设"), entry("B", None, "520402")]
    assert lead_for(entries, category=None) == "B"
