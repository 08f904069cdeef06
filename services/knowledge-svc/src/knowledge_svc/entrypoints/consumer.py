"""What each consumed fact leads to; types without a handler are none of this service's business."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotline_chassis.consumer import Apply
from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event, Fact
from hotline_contracts.events.routing import UnitPutV1
from knowledge_svc.application.ports import Unit
from knowledge_svc.entrypoints.stores import Stores

TOPICS = ("reference.units",)


def unit_of(fact: Fact[Any]) -> Unit:
    event: UnitPutV1 = fact.event
    return Unit(event.code, event.version, event.name, event.parent)


HANDLERS: Mapping[type[Event], Callable[[Fact[Any]], Unit]] = {UnitPutV1: unit_of}
"""Units alone mean something here."""


def applying(stores: Stores) -> Apply:
    """Apply a batch."""

    async def apply(transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        units = [HANDLERS[type(fact.event)](fact) for fact in facts if type(fact.event) in HANDLERS]
        if units:
            await stores.units(transaction).put(units)

    return apply
