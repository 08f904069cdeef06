"""Values for every field of every event: one fixed sample for storing, and a Hypothesis strategy for all."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from hotline_contracts.events.base import Aware, Event, encode
from hotline_contracts.events.registry import EVENTS
from hotline_contracts.ids import derived_id

STORED = Path(__file__).parent / "samples/events"
_A_DAY = datetime(2026, 2, 13, 18, 30, tzinfo=UTC)
_INT64 = st.integers(-(2**63), 2**63 - 1)
_JSON = st.recursive(
    st.none() | st.booleans() | _INT64 | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)

_SIMPLE: Mapping[Any, tuple[Callable[[str], Any], st.SearchStrategy[Any]]] = {
    UUID: (lambda name: derived_id("sample", name), st.uuids()),
    Aware: (lambda _: _A_DAY, st.datetimes(timezones=st.just(UTC))),
    str: (lambda name: f"{name} 样本", st.text()),
    int: (lambda _: 3, _INT64),
    bool: (lambda _: True, st.booleans()),
    NoneType: (lambda _: None, st.none()),
    Any: (lambda name: {name: [1, "二", None]}, _JSON),
}
"""Type → the sample of a field of that type and name, and everything the type allows."""


def sample_of(kind: Any, name: str) -> Any:
    """The fixed value; of a union its first member, so that optional fields are filled."""
    if kind in _SIMPLE:
        return _SIMPLE[kind][0](name)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return arguments[0]
    if origin in {Union, UnionType}:
        return sample_of(arguments[0], name)
    if origin is list:
        return [sample_of(arguments[0], name)]
    if origin is dict:
        return {name: sample_of(arguments[1], name)}
    return kind(**{field.name: sample_of(field.type, field.name) for field in msgspec.structs.fields(kind)})


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Every value of a field's type."""
    if kind in _SIMPLE:
        return _SIMPLE[kind][1]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, UnionType}:
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=4)
    if origin is dict:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=4)
    return st.builds(kind, **{field.name: values_of(field.type) for field in msgspec.structs.fields(kind)})


def built(event: type[Event]) -> str:
    """The sample as it would be stored."""
    record = json.loads(encode(sample_of(event, event.__name__)))
    return json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def store_missing() -> list[str]:
    """Store a sample of each type that has none; a stored one is never touched, old records stay what they were."""
    STORED.mkdir(parents=True, exist_ok=True)
    missing = [name for name in EVENTS if not (STORED / f"{name}.json").exists()]
    for name in missing:
        (STORED / f"{name}.json").write_text(built(EVENTS[name]), encoding="utf-8")
    return missing
