"""The event that tells each kind of change."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hotline_contracts.events.sla import (
    CardIssuedV1,
    ClockCancelledV1,
    ClockEvent,
    ClockLapsedV1,
    ClockMetV1,
    ClockReopenedV1,
    ClockStartedV1,
)
from sla_svc.domain.clocks import Change, Clock


def started_event(change: Change) -> ClockStartedV1:
    clock = change.clock
    return ClockStartedV1(
        **_named(clock),
        type=clock.type,
        started_at=clock.started_at,
        warn_at=clock.warn_at,
        due_at=clock.due_at,
        policy_version=clock.policy_version,
        calendar_versions=dict(clock.calendar_versions),
        calendar_status=clock.calendar_status,
    )


def met_event(change: Change) -> ClockMetV1:
    return ClockMetV1(**_named(change.clock), state=change.clock.state, stopped_at=change.at)


def reopened_event(change: Change) -> ClockReopenedV1:
    clock = change.clock
    return ClockReopenedV1(**_named(clock), warn_at=clock.warn_at, due_at=clock.due_at)


def cancelled_event(change: Change) -> ClockCancelledV1:
    return ClockCancelledV1(**_named(change.clock), stopped_at=change.at)


def lapsed_event(change: Change) -> ClockLapsedV1:
    return ClockLapsedV1(**_named(change.clock), lapsed_at=change.at)


def card_event(change: Change, card_id: UUID, why: str) -> CardIssuedV1:
    """The card's event; a clock always has a card once one was issued."""
    clock = change.clock
    if clock.card is None:
        raise ValueError("a card's change without a card")
    return CardIssuedV1(
        **_named(clock),
        card_id=card_id,
        type=clock.type,
        card=clock.card,
        was=change.was,
        at=change.at,
        due_at=clock.due_at,
        policy_version=clock.policy_version,
        calendar_versions=dict(clock.calendar_versions),
        why=why,
    )


EVENT_OF: dict[str, Callable[[Change], ClockEvent]] = {
    "started": started_event,
    "met": met_event,
    "reopened": reopened_event,
    "cancelled": cancelled_event,
    "lapsed": lapsed_event,
}
"""By kind of change; cards have more to say and their own function."""


def _named(clock: Clock) -> dict[str, Any]:
    return {
        "clock_id": clock.clock_id,
        "ticket_id": clock.ticket_id,
        "assignment_id": clock.assignment_id,
        "unit": clock.unit,
        "duty": clock.duty,
        "round": clock.round,
    }
