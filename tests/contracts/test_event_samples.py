"""Records of every type, old ones too, are read as they were written."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline_contracts.events.base import ContractBroken, Envelope, Event, encode
from hotline_contracts.events.registry import EVENTS, decode
from hotline_contracts.ids import derived_id

from .event_samples import STORED, built, values_of


def envelope(name: str, value: bytes) -> Envelope:
    event = EVENTS[name]
    return Envelope(
        topic=event.TOPIC,
        key="k",
        event_id=derived_id(name),
        type=name,
        source="/tests",
        subject="s",
        at=datetime(2026, 2, 13, 18, 30, tzinfo=UTC),
        sequence=1,
        value=value,
    )


@pytest.mark.parametrize("name", EVENTS)
def test_a_stored_record_is_still_read_with_every_value_it_had(name: str) -> None:
    stored = (STORED / f"{name}.json").read_bytes()
    fact = decode(envelope(name, stored))
    assert fact is not None
    before, after = json.loads(stored), json.loads(encode(fact.event))
    assert before == {field: after[field] for field in before}


@pytest.mark.parametrize("name", EVENTS)
def test_a_sample_fills_every_field(name: str) -> None:
    assert all(value is not None for value in json.loads(built(EVENTS[name])).values())


@pytest.mark.parametrize(("name", "event"), EVENTS.items())
def test_every_value_of_an_event_survives_the_journey(name: str, event: type[Event]) -> None:
    @given(values_of(event))
    def travels(sent: Event) -> None:
        fact = decode(envelope(name, encode(sent)))
        assert fact is not None
        assert fact.event == sent

    travels()


@given(st.sampled_from(sorted(EVENTS)), st.text(min_size=1))
def test_a_field_that_this_release_does_not_know_is_ignored(name: str, field: str) -> None:
    record = json.loads(built(EVENTS[name]))
    newer = decode(envelope(name, json.dumps({f"new_{field}": 1, **record}).encode()))
    known = decode(envelope(name, json.dumps(record).encode()))
    assert newer is not None
    assert known is not None
    assert newer.event == known.event


@pytest.mark.parametrize("name", EVENTS)
def test_a_record_that_lacks_a_field_is_a_broken_contract(name: str) -> None:
    record = json.loads(built(EVENTS[name]))
    del record[next(iter(EVENTS[name].__struct_fields__))]
    with pytest.raises(ContractBroken, match=name):
        decode(envelope(name, json.dumps(record).encode()))
