"""P6: what reading an event's value costs, against a pydantic model of the same fields on the same bytes.

Ours is the registry's own ``decode``: msgspec, by the type's wire name, with the check of every field. Floor:
``validate_json`` of a pydantic model made from the same field types. Both read the stored samples of the
ticket facts, which are most of what travels.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, cast

import msgspec
from pydantic import AwareDatetime, ConfigDict, create_model

from hotline_contracts.events.base import Aware, Envelope, Event, encode
from hotline_contracts.events.registry import EVENTS, decode
from hotline_contracts.events.routing import AssignmentGiven
from tests.contracts.event_samples import sample_of

Row = dict[str, object]

ROUNDS = 7
READS = 2000
PASS, AIM = 2.0, 2.4


def rows() -> list[Row]:
    """Measure both ways in turns; a figure is events a second."""
    events = [sample_of(event, name) for name, event in EVENTS.items() if event.TOPIC == "routing.tickets"]
    ours: list[float] = []
    floors: list[float] = []
    read = [_reading(event) for event in events]
    validate = [_validating(event) for event in events]
    for round_ in range(ROUNDS + 1):
        floor, mine = _timed(validate), _timed(read)
        if round_:  # the first one warms both up
            floors.append(len(events) * READS / floor)
            ours.append(len(events) * READS / mine)
    ratio = median(ours) / median(floors)
    return [
        {
            "row": "P6",
            "what": "event decode + validate, against pydantic validate_json",
            "floor": median(floors),
            "ours": median(ours),
            "ratio": ratio,
            "unit": "events/s",
            "pass": PASS,
            "aim": AIM,
            "passed": ratio >= PASS,
        }
    ]


def _timed(reads: list[Callable[[], object]]) -> float:
    begun = perf_counter()
    for _ in range(READS):
        for read in reads:
            read()
    return perf_counter() - begun


def _reading(event: Event) -> Callable[[], object]:
    envelope = Envelope(
        topic=event.TOPIC,
        key="bench",
        event_id=sample_of(cast("type[Event]", AssignmentGiven), "bench").assignment_id,
        type=event.TYPE,
        source="routing-svc",
        subject="bench",
        at=sample_of(Aware, "at"),
        sequence=1,
        value=encode(event),
    )
    return lambda: decode(envelope)


def _validating(event: Event) -> Callable[[], object]:
    model = _model(type(event))
    value = encode(event)
    return lambda: model.model_validate_json(value)


def _model(kind: type[msgspec.Struct]) -> Any:
    fields: dict[str, Any] = {
        field.name: (_typed(field.type), ... if field.required else field.default)
        for field in msgspec.structs.fields(kind)
    }
    return create_model(kind.__name__, __config__=ConfigDict(frozen=True), **fields)


def _typed(kind: Any) -> Any:
    if kind == Aware:
        return AwareDatetime
    if kind == list[AssignmentGiven]:
        return list[_model(AssignmentGiven)]  # type: ignore[misc]
    return kind
