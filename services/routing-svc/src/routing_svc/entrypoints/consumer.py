"""What each consumed fact leads to; types without a handler are none of this service's business."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from hotline_chassis.consumer import Apply, Poison
from hotline_chassis.database import Transaction
from hotline_contracts.events.base import Event, Fact
from hotline_contracts.events.evaluation import RatingGivenV1
from hotline_contracts.events.intake import RequestAcceptedV1, RequestTextPutV1
from routing_svc.application.create_tickets import create_tickets
from routing_svc.application.keep_ratings import keep_ratings
from routing_svc.application.keep_texts import keep_texts
from routing_svc.application.ports import ArrivalWork
from routing_svc.entrypoints.stores import Stores

TOPICS = ("intake.requests", "intake.texts", "evaluation.ratings")

Handler: TypeAlias = Callable[[ArrivalWork, Sequence[Fact[Any]]], Awaitable[None]]


async def on_accepted(work: ArrivalWork, facts: Sequence[Fact[RequestAcceptedV1]]) -> None:
    refused = await create_tickets(work, facts)
    if refused is not None:
        raise Poison(refused, "the ticket's id or number is taken by another ticket")


async def on_text(work: ArrivalWork, facts: Sequence[Fact[RequestTextPutV1]]) -> None:
    await keep_texts(work, [fact.event for fact in facts])


async def on_rating(work: ArrivalWork, facts: Sequence[Fact[RatingGivenV1]]) -> None:
    await keep_ratings(work, [fact.event for fact in facts])


HANDLERS: Mapping[type[Event], Handler] = {
    RequestAcceptedV1: on_accepted,
    RequestTextPutV1: on_text,
    RatingGivenV1: on_rating,
}


def applying(stores: Stores) -> Apply:
    """Apply a batch: the facts of each type together, in their order; types do not depend on each other."""

    async def apply(transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        work = stores.arrivals(transaction)
        for kind, handle in HANDLERS.items():
            of_kind = [fact for fact in facts if isinstance(fact.event, kind)]
            if of_kind:
                await handle(work, of_kind)

    return apply
