"""Ids of acts tell their time, ids that a rebuild must find again tell nothing but their parts."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_contracts.ids import act_id, act_ids, derived_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  they get a zone
PARTS = st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=1, max_size=5)


@given(INSTANTS)
def test_an_acts_id_is_a_uuid_of_version_7_whose_first_48_bits_are_the_millisecond(at: datetime) -> None:
    found = act_id(at)
    assert (found.version, found.variant) == (7, RFC_4122)
    assert found.int >> 80 == (at - EPOCH) // timedelta(milliseconds=1)


@given(INSTANTS, INSTANTS)
def test_ids_of_acts_sort_by_millisecond(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    later += timedelta(milliseconds=1)
    assert act_id(earlier) < act_id(later)
    assert str(act_id(earlier)) < str(act_id(later))


def test_the_zone_of_the_clock_does_not_count() -> None:
    at = datetime(2026, 2, 13, 18, 30, tzinfo=UTC)
    assert act_id(at.astimezone(timezone(timedelta(hours=8)))).int >> 80 == act_id(at).int >> 80


def test_acts_of_one_instant_have_ids_of_their_own() -> None:
    at = datetime(2026, 2, 13, 18, 30, tzinfo=UTC)
    ids = act_ids(at, 1000)
    assert len(set(ids)) == 1000
    assert {(each.version, each.variant, each.int >> 80) for each in ids} == {
        (7, RFC_4122, act_id(at).int >> 80)
    }


def test_a_naive_instant_was_read_in_the_machines_own_zone() -> None:
    with pytest.raises(TypeError, match="naive"):
        act_id(datetime(2026, 2, 13))  # noqa: DTZ001  naive is what it is about


@given(PARTS)
def test_a_derived_id_is_a_uuid_of_version_8_and_the_same_each_time(parts: list[str]) -> None:
    found = derived_id(*parts)
    assert (found.version, found.variant) == (8, RFC_4122)
    assert derived_id(*parts) == found


def test_a_derived_id_is_the_same_in_every_release() -> None:
    clock = derived_id("clock", derived_id("cause"), "520400-D01", "sign", 1)
    assert str(clock) == "8283cd83-9cda-877d-8b64-004ebabf219f"


@given(PARTS, PARTS)
def test_other_parts_are_another_id_also_when_they_are_split_elsewhere(
    one: list[str], other: list[str]
) -> None:
    assert (derived_id(*one) == derived_id(*other)) == (one == other)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=2), st.data())
def test_the_same_text_split_elsewhere_is_another_id(text: str, data: st.DataObject) -> None:
    at, elsewhere = data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True))
    assert derived_id(text[:at], text[at:]) != derived_id(text[:elsewhere], text[elsewhere:])
    assert derived_id(text[:at], text[at:]) != derived_id(text)
