"""Facts of other services, and what this one does with them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg

from hotline_chassis.consumer import Poison
from hotline_chassis.database import Transaction
from hotline_contracts.events import evaluation, routing
from hotline_contracts.events.base import Event, Fact
from sla_svc.application.apply_happenings import NeverApplicable, apply_happenings
from sla_svc.application.ports import ClockStore, KnownTicket, TicketStore, Unit, UnitStore
from sla_svc.domain.driving import HELD_WITH
from sla_svc.domain.effects import Delivery, Happening, HappeningKind
from sla_svc.domain.rulebook import Rulebook

TOPICS = ("routing.tickets", "evaluation.ratings", "reference.units")


class Stores:
    """How the consumer reaches this service's tables, for one transaction's connection each."""

    def __init__(
        self,
        *,
        clocks: Callable[[asyncpg.Connection], ClockStore],
        tickets: Callable[[asyncpg.Connection], TicketStore],
        units: Callable[[asyncpg.Connection], UnitStore],
        rulebook: Callable[[asyncpg.Connection], Awaitable[Rulebook]],
    ) -> None:
        self.clocks = clocks
        self.tickets = tickets
        self.units = units
        self.rulebook = rulebook


def _dispatched(fact: Fact[Any]) -> Happening:
    event: routing.TicketDispatchedV1 = fact.event
    return Happening(
        "dispatched",
        fact.event_id,
        event.ticket_id,
        fact.at,
        deliveries=tuple(Delivery(a.assignment_id, a.unit, a.role) for a in event.assignments),
        type=event.type,
        emergent=event.emergent,
        round=event.round,
    )


def _own(kind: HappeningKind) -> Callable[[Fact[Any]], Happening]:
    """An act of one assignment."""
    return lambda fact: Happening(
        kind, fact.event_id, fact.event.ticket_id, fact.at, assignment_id=fact.event.assignment_id
    )


def _replied(fact: Fact[Any]) -> Happening:
    event: routing.TicketRepliedV1 = fact.event
    return Happening(
        "replied",
        fact.event_id,
        event.ticket_id,
        fact.at,
        assignment_id=event.assignment_id,
        round=event.round,
    )


def _rejected(fact: Fact[Any]) -> Happening:
    event: routing.TicketReplyRejectedV1 = fact.event
    return Happening(
        "reply_rejected",
        fact.event_id,
        event.ticket_id,
        fact.at,
        assignment_id=event.assignment_id,
        round=event.round,
        rejections=event.rejections,
    )


def _redo_ordered(fact: Fact[Any]) -> Happening:
    event: routing.TicketRedoOrderedV1 = fact.event
    return Happening(
        "redo_ordered",
        fact.event_id,
        event.ticket_id,
        fact.at,
        assignment_id=event.assignment_id,
        deliveries=(Delivery(event.assignment_id, event.unit, "lead"),),
        type=event.type,
        emergent=event.emergent,
        round=event.round,
    )


def _closed(fact: Fact[Any]) -> Happening:
    return Happening("closed", fact.event_id, fact.event.ticket_id, fact.at)


def _follow_up_opened(fact: Fact[Any]) -> Happening:
    event: evaluation.FollowUpOpenedV1 = fact.event
    return Happening(
        "follow_up_opened",
        fact.event_id,
        event.ticket_id,
        fact.at,
        round=event.round,
        follow_up_id=event.follow_up_id,
        since=event.since,
    )


def _follow_up_ended(fact: Fact[Any]) -> Happening:
    event: evaluation.FollowUpEndedV1 = fact.event
    return Happening(
        "follow_up_not_needed" if event.outcome == "not_needed" else "follow_up_done",
        fact.event_id,
        event.ticket_id,
        event.ended_at or fact.at,
        round=event.round,
        follow_up_id=event.follow_up_id,
    )


def _created(fact: Fact[Any]) -> KnownTicket:
    event: routing.TicketCreatedV1 = fact.event
    return KnownTicket(event.ticket_id, event.ticket_no, event.type, event.emergent)


def _unit_put(fact: Fact[Any]) -> Unit:
    event: routing.UnitPutV1 = fact.event
    return Unit(event.code, event.version, event.name, event.parent)


HANDLERS: Mapping[type[Event], Callable[[Fact[Any]], Happening | KnownTicket | Unit]] = {
    routing.TicketCreatedV1: _created,
    routing.TicketDispatchedV1: _dispatched,
    routing.TicketSignedV1: _own("signed"),
    routing.TicketInterimFeedbackGivenV1: _own("interim_feedback_given"),
    routing.TicketRepliedV1: _replied,
    routing.TicketReplyApprovedV1: _own("reply_approved"),
    routing.TicketReplyRejectedV1: _rejected,
    routing.TicketRedoOrderedV1: _redo_ordered,
    routing.TicketClosedV1: _closed,
    routing.UnitPutV1: _unit_put,
    evaluation.FollowUpOpenedV1: _follow_up_opened,
    evaluation.FollowUpEndedV1: _follow_up_ended,
}
"""Every fact that means something here, and what it means."""


class Appliers:
    """``apply`` and ``hold`` of the chassis' consumer."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def apply(self, transaction: Transaction, facts: Sequence[Fact[Event]]) -> None:
        """Apply one batch.

        Raises:
            Poison: a fact that no retry can apply.
        """
        understood = [HANDLERS[type(fact.event)](fact) for fact in facts if type(fact.event) in HANDLERS]
        connection = transaction.connection
        if units := {unit.code: unit for unit in understood if isinstance(unit, Unit)}:
            await self._stores.units(connection).put(list(units.values()))
        if tickets := [ticket for ticket in understood if isinstance(ticket, KnownTicket)]:
            await self._stores.tickets(connection).put(tickets)
        if happenings := [happening for happening in understood if isinstance(happening, Happening)]:
            rulebook = await self._stores.rulebook(connection)
            try:
                await apply_happenings(happenings, transaction, self._stores.clocks(connection), rulebook)
            except NeverApplicable as refused:
                [fact] = [fact for fact in facts if fact.event_id == refused.cause_id]
                raise Poison(fact, refused.reason) from refused

    async def hold(self, transaction: Transaction, topic: str, key: str) -> None:
        if topic in HELD_WITH:
            await self._stores.clocks(transaction.connection).hold(key, HELD_WITH[topic])
