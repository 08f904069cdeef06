"""What each consumed fact leads to; types without a handler are none of this service's business."""

from collections.abc import Sequence

from hotline_chassis.consumer import Apply
from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event, Fact
from hotline_contracts.events.routing import UnitPutV1
from knowledge_svc.application.ports import Unit
from knowledge_svc.entrypoints.stores import Stores

TOPICS = ("reference.units",)


def unit_of(event: UnitPutV1) -> Unit:
    return Unit(event.code, event.version, event.name, event.parent)


def applying(stores: Stores) -> Apply:
    """Apply a batch: units alone mean something here."""

    async def apply(transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        units = [unit_of(fact.event) for fact in facts if isinstance(fact.event, UnitPutV1)]
        if units:
            await stores.units(transaction).put(units)

    return apply
