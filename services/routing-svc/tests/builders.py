"""Tickets and actors with defaults, for tests of this service."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hotline_contracts.canonical import GENESIS
from hotline_contracts.values import RatingLevel
from routing_svc.domain.actors import Actor
from routing_svc.domain.redo import FirstRating
from routing_svc.domain.tickets import Charge, Ticket

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def number(value: int) -> UUID:
    return UUID(int=value)


def ticket(**changes: Any) -> Ticket:
    values: dict[str, Any] = {
        "ticket_id": number(1),
        "ticket_no": "20260302-000001",
        "site": "5204",
        "request_id": number(2),
        "state": "dispatch_pending",
        "type": "help",
        "nature": "ordinary",
        "category": None,
        "area_code": "520402",
        "emergent": None,
        "confidential": False,
        "round": 1,
        "rejections": 0,
        "text_id": number(3),
        "determination": None,
        "replied_by": None,
        "created_at": NOON,
        "version": 1,
        "last_at": NOON,
        "last_hash": GENESIS,
    }
    return Ticket(**(values | changes))


def asking(level: RatingLevel = "dissatisfied", *, redo_requested: bool = True) -> FirstRating:
    """A first rating that asks for a redo, unless told otherwise."""
    return FirstRating(number(50), level, redo_requested)


def charges(*units: str) -> list[Charge]:
    """A lead and its supports; a code like ``520402-01`` stands below ``520402``."""
    return [
        Charge(number(100 + place), unit, lineage_of(unit), "support" if place else "lead")
        for place, unit in enumerate(units)
    ]


def lineage_of(unit: str) -> tuple[str, ...]:
    parent = unit.rpartition("-")[0]
    return (unit, *lineage_of(parent)) if parent else (unit,)


def person(*roles: str, unit: str | None = None, sub: str = "p") -> Actor:
    return Actor(sub, roles, unit)


def after(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)
