"""Facts of other services, and what this one does with them.

Each topic has tables of its own, so the order in which topics arrive changes nothing; within a ticket's key
the order is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from evaluation_svc.application.follow_clocks import follow_clocks
from evaluation_svc.application.follow_tickets import (
    NeverApplicable,
    TicketStep,
    TicketStepKind,
    follow_tickets,
)
from evaluation_svc.application.ports import Charge, NewTicket, PolicyRecord
from evaluation_svc.domain.due_tickets import MEASURED, ClockStep, ClockStepKind
from evaluation_svc.domain.units import Unit
from evaluation_svc.entrypoints.stores import Stores
from hotline_chassis.consumer import Apply, Poison
from hotline_chassis.database import Transaction
from hotline_contracts.events import routing, sla
from hotline_contracts.events.base import Event, Fact

TOPICS = ("routing.tickets", "sla.clocks", "reference.units", "reference.policies")

Understood: TypeAlias = NewTicket | Charge | TicketStep | ClockStep | Unit | PolicyRecord


def _created(fact: Fact[Any]) -> list[Understood]:
    event: routing.TicketCreatedV1 = fact.event
    return [NewTicket(event.ticket_id, event.ticket_no)]


def _dispatched(fact: Fact[Any]) -> list[Understood]:
    event: routing.TicketDispatchedV1 = fact.event
    return [Charge(given.assignment_id, event.ticket_id, given.unit) for given in event.assignments]


def _approved(fact: Fact[Any]) -> list[Understood]:
    event: routing.TicketReplyApprovedV1 = fact.event
    return [
        TicketStep(
            "reply_approved",
            fact.event_id,
            event.ticket_id,
            fact.at,
            assignment_id=event.assignment_id,
            round=event.round,
        )
    ]


def _redo_refused(fact: Fact[Any]) -> list[Understood]:
    event: routing.TicketRedoRefusedV1 = fact.event
    return [TicketStep("redo_refused", fact.event_id, event.ticket_id, fact.at, rating_id=event.rating_id)]


def _of_ticket(kind: TicketStepKind) -> Callable[[Fact[Any]], list[Understood]]:
    return lambda fact: [TicketStep(kind, fact.event_id, fact.event.ticket_id, fact.at)]


def _of_clock(kind: ClockStepKind) -> Callable[[Fact[Any]], list[Understood]]:
    """A step of a clock that on time is made of; other duties mean nothing here."""

    def understand(fact: Fact[Any]) -> list[Understood]:
        event: sla.ClockEvent = fact.event
        if event.duty not in MEASURED or event.ticket_id is None or event.unit is None:
            return []
        due_at = event.due_at if isinstance(event, sla.ClockStartedV1 | sla.ClockReopenedV1) else None
        state = event.state if isinstance(event, sla.ClockMetV1) else "running"
        return [ClockStep(kind, fact.event_id, event.clock_id, event.ticket_id, event.unit, due_at, state)]

    return understand


def _card(fact: Fact[Any]) -> list[Understood]:
    event: sla.CardIssuedV1 = fact.event
    return _of_clock("turned_red")(fact) if event.card == "red" else []


def _unit(fact: Fact[Any]) -> list[Understood]:
    event: routing.UnitPutV1 = fact.event
    return [Unit(event.code, event.version, event.name, event.group, event.parent)]


def _policy(fact: Fact[Any]) -> list[Understood]:
    event: sla.PolicyPublishedV1 = fact.event
    return [PolicyRecord(event.version, event.effective_from, event.document)]


HANDLERS: Mapping[type[Event], Callable[[Fact[Any]], list[Understood]]] = {
    routing.TicketCreatedV1: _created,
    routing.TicketDispatchedV1: _dispatched,
    routing.TicketReplyApprovedV1: _approved,
    routing.TicketRedoRefusedV1: _redo_refused,
    routing.TicketClosedV1: _of_ticket("closed"),
    sla.ClockStartedV1: _of_clock("started"),
    sla.ClockMetV1: _of_clock("met"),
    sla.ClockReopenedV1: _of_clock("reopened"),
    sla.ClockCancelledV1: _of_clock("cancelled"),
    sla.CardIssuedV1: _card,
    routing.UnitPutV1: _unit,
    sla.PolicyPublishedV1: _policy,
}
"""Every fact that means something here, and what it means.

An ordered redo means nothing until its reply is approved: the first rating waits meanwhile.
"""


def applying(stores: Stores) -> Apply:
    """``apply`` of the chassis' consumer: one batch, each topic's part by itself."""

    async def apply(transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        understood = [
            meant for fact in facts if (handler := HANDLERS.get(type(fact.event))) for meant in handler(fact)
        ]
        try:
            await _apply(stores, transaction, understood)
        except NeverApplicable as refused:
            [fact] = [fact for fact in facts if fact.event_id == refused.cause_id]
            raise Poison(fact, refused.reason) from refused

    return apply


async def _apply(stores: Stores, transaction: Transaction, understood: Sequence[Understood]) -> None:
    connection = transaction.connection
    if units := [meant for meant in understood if isinstance(meant, Unit)]:
        await stores.references(connection).put_units(units)
    if policies := [meant for meant in understood if isinstance(meant, PolicyRecord)]:
        await stores.references(connection).add_policies(policies)
    if clocks := [meant for meant in understood if isinstance(meant, ClockStep)]:
        await follow_clocks(stores.clocks(connection), clocks)
    await follow_tickets(
        stores.evaluations(transaction),
        stores.tickets(connection),
        [meant for meant in understood if isinstance(meant, NewTicket)],
        [meant for meant in understood if isinstance(meant, Charge)],
        [meant for meant in understood if isinstance(meant, TicketStep)],
    )
