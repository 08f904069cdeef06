"""Hashed histories have one spelling, on every machine and for every later reader."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from hotline_contracts.canonical import GENESIS, canonical, chain_hash, instant_text

EXACT = 2**53 - 1
ASCII = st.text(st.characters(max_codepoint=127))
HARMLESS = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | st.text()
VALUES = st.recursive(
    HARMLESS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.dictionaries(ASCII, VALUES, max_size=6)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=OFFSETS)  # noqa: DTZ001  they get a zone


def nested(value: object) -> list[Any]:
    """The value at each place where an item can hide it."""
    return [{"a": value}, {"a": [1, value]}, {"a": {"b": [{"c": value}]}}, {"a": ({"b": value},)}]


@given(ITEMS)
@example({"\x7f": '\u2028\u2029\x7f\x00\x1f</"\\\b\f\n\r\t', "b": EXACT, "a": -EXACT, "": "𝄞é市"})
def test_the_bytes_are_those_of_an_independent_implementation_of_rfc_8785(item: dict[str, Any]) -> None:
    assert canonical(item) == rfc8785.dumps(item)


@given(ITEMS)
def test_the_order_in_which_keys_were_set_does_not_count(item: dict[str, Any]) -> None:
    assert canonical(dict(reversed(item.items()))) == canonical(item)


@pytest.mark.parametrize("value", [0.0, 1.5, -0.0, float("nan"), float("inf")])
def test_a_float_is_refused_wherever_it_stands(value: float) -> None:
    for item in nested(value):
        with pytest.raises(ValueError, match="float has no place"):
            canonical(item)


@pytest.mark.parametrize("key", ["市", "é", "a\u0080"])
def test_a_key_outside_ascii_is_refused_wherever_it_stands(key: str) -> None:
    for item in nested({key: 1}):
        with pytest.raises(ValueError, match="is not ASCII text"):
            canonical(item)


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="is not ASCII text"):
        canonical({"a": {1: "one"}})


@pytest.mark.parametrize("value", [EXACT + 1, -EXACT - 1, 2**63, 2**200])
def test_an_integer_that_a_double_cannot_hold_was_written_with_digits_rfc_8785_does_not_have(
    value: int,
) -> None:
    with pytest.raises(rfc8785.IntegerDomainError):
        rfc8785.dumps({"a": value})
    for item in nested(value):
        with pytest.raises(ValueError, match="no canonical form"):
            canonical(item)


def test_a_lone_surrogate_is_a_value_error_like_every_other_refusal() -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical({"a": "\ud800"})


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1), b"bytes", {"a", "set"}],
    ids=lambda v: type(v).__name__,
)
def test_a_value_of_another_type_was_spelled_as_the_encoder_liked(value: object) -> None:
    for item in nested(value):
        with pytest.raises(ValueError, match="has no place"):
            canonical(item)


def test_a_chain_begins_with_64_zeros_and_hashes_the_text_of_the_hash_before() -> None:
    assert GENESIS == "0" * 64
    first = chain_hash(GENESIS, b'{"seq":1}')
    assert first == hashlib.sha256(b"0" * 64 + b'{"seq":1}').hexdigest()
    assert chain_hash(first, b"{}") == hashlib.sha256(first.encode() + b"{}").hexdigest()


@given(st.binary(), st.binary())
def test_another_item_or_another_past_is_another_hash(one: bytes, other: bytes) -> None:
    assert (chain_hash(GENESIS, one) == chain_hash(GENESIS, other)) == (one == other)
    assert chain_hash(chain_hash(GENESIS, one), one) != chain_hash(GENESIS, one)


@given(INSTANTS)
@example(datetime(2026, 2, 13, 18, 30, tzinfo=UTC))
@example(datetime(2026, 2, 13, 18, 30, 0, 1, tzinfo=timezone(timedelta(hours=8))))
def test_an_instants_text_has_six_decimals_and_z_and_reads_back_as_the_same_instant(at: datetime) -> None:
    text = instant_text(at)
    assert len(text) == len("2026-02-13T18:30:00.000000Z")
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at


@given(INSTANTS, OFFSETS)
def test_one_instant_has_one_text_whatever_zone_it_came_in(at: datetime, other: timezone) -> None:
    assert instant_text(at.astimezone(other)) == instant_text(at)


@given(INSTANTS, INSTANTS)
def test_texts_sort_as_their_instants_do(one: datetime, other: datetime) -> None:
    assert (instant_text(one) < instant_text(other)) == (one < other)


def test_a_naive_instant_was_read_in_the_machines_own_zone() -> None:
    with pytest.raises(ValueError, match="offset"):
        instant_text(datetime(2026, 2, 13))  # noqa: DTZ001  naive is what it is about
