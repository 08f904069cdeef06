"""A record's headers are read as they were written, and whatever cannot be read says so instead of raising anew."""

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hotline_contracts.events.base import ContractBroken, Envelope, encode
from hotline_contracts.events.registry import decode
from hotline_contracts.events.routing import TicketClosedV1
from hotline_contracts.ids import derived_id

CLOSED = TicketClosedV1(ticket_id=derived_id("ticket"), hash="0" * 64, determination="solved")
SENT = Envelope(
    topic=CLOSED.TOPIC,
    key=str(CLOSED.ticket_id),
    event_id=derived_id("closed"),
    type=CLOSED.TYPE,
    source="routing-svc",
    subject=str(CLOSED.ticket_id),
    at=datetime(2026, 2, 13, 18, 30, tzinfo=UTC),
    sequence=3,
    value=encode(CLOSED),
)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ENVELOPES = st.builds(
    Envelope,
    topic=st.just("routing.tickets"),
    key=st.text(),
    event_id=st.uuids(),
    type=st.text(),
    source=st.text(),
    subject=st.text(),
    at=st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1), timezones=OFFSETS),  # noqa: DTZ001  they get a zone
    sequence=st.integers(1, 2**63 - 1),
    value=st.none() | st.binary(),
    site=st.text(),
    traceparent=st.none() | st.text(min_size=1),
)


def read(envelope: Envelope, **changes: bytes | None) -> Envelope:
    """The envelope after its journey, with headers changed or (None) taken away on the way."""
    headers = {**dict(envelope.headers()), **changes}
    kept = [(name, value) for name, value in headers.items() if value is not None]
    return Envelope.from_record(envelope.topic, envelope.key.encode(), kept, envelope.value)


@given(ENVELOPES)
def test_an_envelope_survives_the_journey(sent: Envelope) -> None:
    assert read(sent) == sent


def test_the_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    assert SENT.headers() == [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(SENT.event_id).encode()),
        ("ce_type", b"routing.ticket.closed.v1"),
        ("ce_source", b"routing-svc"),
        ("ce_subject", SENT.subject.encode()),
        ("ce_time", b"2026-02-13T18:30:00.000000Z"),
        ("ce_sequence", b"3"),
        ("ce_site", b"5204"),
        ("content-type", b"application/json"),
    ]
    traced = replace(SENT, traceparent="00-trace-span-01").headers()
    assert traced == [*SENT.headers(), ("traceparent", b"00-trace-span-01")]


def test_a_header_that_this_release_does_not_know_is_ignored() -> None:
    assert read(SENT, ce_later=b"\xff", **{"content-type": None}) == SENT


@pytest.mark.parametrize(
    "name", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "ce_site"]
)
@pytest.mark.parametrize("broken", [None, b"\xff\xfe"], ids=["missing", "not-text"])
def test_a_missing_or_unreadable_header_is_a_broken_contract(name: str, broken: bytes | None) -> None:
    with pytest.raises(ContractBroken, match="unreadable headers"):
        read(SENT, **{name: broken})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_id", b""),
        ("ce_id", b"17"),
        ("ce_time", b""),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-02-30T00:00:00Z"),
        ("ce_time", b"1770000000"),
        ("ce_sequence", b""),
        ("ce_sequence", b"1.0"),
        ("ce_sequence", b"one"),
        ("traceparent", b"\xff"),
    ],
)
def test_a_header_that_says_nothing_sensible_is_a_broken_contract(name: str, value: bytes) -> None:
    with pytest.raises(ContractBroken):
        read(SENT, **{name: value})


@pytest.mark.parametrize("text", [b"2026-02-13T18:30:00", b"2026-02-13T18:30:00.000000", b"2026-02-13"])
def test_an_instant_without_offset_is_a_broken_contract(text: bytes) -> None:
    with pytest.raises(ContractBroken, match="no offset"):
        read(SENT, ce_time=text)


@pytest.mark.parametrize("sequence", [b"0", b"-1", str(2**63).encode()])
def test_a_sequence_below_1_passed_for_a_repeated_record_and_vanished(sequence: bytes) -> None:
    with pytest.raises(ContractBroken, match="ce_sequence"):
        read(SENT, ce_sequence=sequence)


def test_a_key_that_is_no_text_is_a_broken_contract() -> None:
    with pytest.raises(ContractBroken):
        Envelope.from_record(SENT.topic, b"\xff", SENT.headers(), SENT.value)


@given(st.dictionaries(st.sampled_from([name for name, _ in SENT.headers()]), st.binary()))
def test_no_header_bytes_raise_anything_else(changes: dict[str, bytes]) -> None:
    with contextlib.suppress(ContractBroken):
        read(SENT, **changes)


def test_a_known_type_is_decoded_beside_its_envelope() -> None:
    fact = decode(SENT)
    assert fact is not None
    assert fact.event == CLOSED
    assert (fact.at, fact.event_id) == (SENT.at, SENT.event_id)


def test_a_type_that_this_release_does_not_know_is_no_error() -> None:
    assert decode(replace(SENT, type="routing.ticket.closed.v2", value=b"\xff")) is None


def with_policy(value: bytes) -> Envelope:
    return replace(SENT, type="reference.policy.published.v1", value=value)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(replace(SENT, value=None), id="tombstone"),
        pytest.param(replace(SENT, value=b""), id="empty"),
        pytest.param(replace(SENT, value=b"not json"), id="garbage"),
        pytest.param(replace(SENT, value=SENT.value and SENT.value[:-1]), id="cut"),
        pytest.param(replace(SENT, value=b"[]"), id="not-an-object"),
        pytest.param(replace(SENT, value=b"{}"), id="no-fields"),
        pytest.param(with_policy(encode(CLOSED)), id="another-types-value"),
    ],
)
def test_a_value_that_the_type_does_not_promise_is_a_broken_contract(broken: Envelope) -> None:
    with pytest.raises(ContractBroken, match=broken.type):
        decode(broken)


def test_a_value_that_is_no_utf_8_stopped_the_whole_partition() -> None:
    with pytest.raises(ContractBroken, match="utf-8"):
        decode(replace(SENT, value=encode(CLOSED).replace(b"solved", b"\xff")))


@pytest.mark.parametrize("field", [b"document", b"unknown"])
def test_a_value_nested_too_deep_stopped_the_whole_partition(field: bytes) -> None:
    with pytest.raises(ContractBroken, match="recursion"):
        decode(with_policy(b'{"' + field + b'":' + b'{"a":' * 100_000))


@given(st.binary())
def test_no_bytes_raise_anything_but_a_broken_contract(value: bytes) -> None:
    with pytest.raises(ContractBroken):
        decode(replace(SENT, value=value))


@given(ENVELOPES)
def test_packed_attributes_are_the_attributes(envelope: Envelope) -> None:
    assert orjson.loads(envelope.packed_attributes()) == [list(pair) for pair in envelope.attributes()]


class DriversId(UUID):
    """As a database driver gives them: a class of its own."""


def test_an_id_that_came_from_a_database_row_could_not_be_packed() -> None:
    envelope = replace(SENT, event_id=DriversId(int=SENT.event_id.int))
    expected = dict(envelope.attributes())
    assert dict(orjson.loads(envelope.packed_attributes())) == expected
    assert expected["ce_id"] == str(SENT.event_id)
