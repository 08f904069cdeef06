"""Records of every type, old ones too, are read as they were written."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

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


def instants_made_naive(record: Any) -> Iterator[Any]:
    """The record once for each instant in it, that one without its offset."""
    for name, value in record.items() if isinstance(record, dict) else enumerate(record):
        if isinstance(value, str) and value == "2026-02-13T18:30:00Z":
            changed = ["2026-02-13T18:30:00"]
        else:
            changed = list(instants_made_naive(value)) if isinstance(value, dict | list) else []
        for naive in changed:
            yield (
                {**record, name: naive}
                if isinstance(record, dict)
                else [*record[:name], naive, *record[name + 1 :]]
            )


@pytest.mark.parametrize("name", EVENTS)
def test_an_instant_without_offset_inside_an_event_was_accepted(name: str) -> None:
    for naive in instants_made_naive(json.loads(built(EVENTS[name]))):
        with pytest.raises(ContractBroken, match="timezone"):
            decode(envelope(name, json.dumps(naive).encode()))


def test_instants_are_found_wherever_they_stand() -> None:
    at, naive = "2026-02-13T18:30:00Z", "2026-02-13T18:30:00"
    assert list(instants_made_naive({"at": at, "days": [{"n": 1}, {"from": at}]})) == [
        {"at": naive, "days": [{"n": 1}, {"from": at}]},
        {"at": at, "days": [{"n": 1}, {"from": naive}]},
    ]
