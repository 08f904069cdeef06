"""What people and programs may ask of clocks, cards, deadlines, policies and calendars."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Query

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.web.auth import Caller
from hotline_chassis.web.fields import Instant
from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import ANY_ROLE, WorkRouter
from hotline_chassis.web.work import CallerDep, Reading
from hotline_contracts.problems import NoLimit, NotFound, UnknownUnit
from hotline_contracts.values import ROLES, UNIT_ROLES, CardColour, Duty, Emergent, TicketType, UnitCode
from sla_svc.application.ask_deadline import ask_deadline
from sla_svc.application.views import CardFilter, ClockFilter, Row, Scope, Views, Window
from sla_svc.domain.rulebook import Rulebook
from sla_svc.entrypoints.schemas import (
    CalendarOut,
    CardOut,
    ClockOut,
    DeadlineOut,
    InstantOrNow,
    LayerName,
    PolicyOut,
    TicketRef,
    Year,
)

READERS = ROLES - {"channel_client"}
CITY_ROLES = READERS - UNIT_ROLES


def scope_of(caller: Caller) -> Scope:
    """A unit's people see their own subtree; everybody of the city's side sees all."""
    return Scope(None if caller.roles & CITY_ROLES else caller.unit)


def router(
    views: Callable[[asyncpg.Connection], Views],
    rulebook: Callable[[asyncpg.Connection], Awaitable[Rulebook]],
    clock: BusinessClock,
) -> WorkRouter:
    """The service's routes."""
    routes = WorkRouter(prefix="/api/v1", tags=["clocks"])

    @routes.get("/tickets/{ticket}/clocks", roles=READERS, refuses=[NotFound])
    async def clocks_of_ticket(
        ticket: TicketRef, caller: CallerDep, connection: Reading, paging: Paging
    ) -> Page[ClockOut]:
        after = paging.after(*_CLOCKS_OF_TICKET)
        rows = await _clocks_of_ticket(
            views(connection), ticket, scope_of(caller), Window(paging.fetch, after)
        )
        return paging.page(rows, key=_key("started_at", "duty", "clock_id"), show=_clock)

    @routes.get("/clocks", roles=READERS)
    async def clocks(
        caller: CallerDep,
        connection: Reading,
        paging: Paging,
        duty: Duty | None = None,
        unit: UnitCode | None = None,
        subject_id: UUID | None = None,
    ) -> Page[ClockOut]:
        window = Window(paging.fetch, paging.after(*_NEWEST_FIRST))
        rows = await views(connection).clocks(ClockFilter(duty, unit, subject_id), scope_of(caller), window)
        return paging.page(rows, key=_key("started_at", "clock_id"), show=_clock)

    @routes.get("/cards", roles=READERS)
    async def cards(
        caller: CallerDep,
        connection: Reading,
        paging: Paging,
        card: CardColour | None = None,
        unit: UnitCode | None = None,
        duty: Duty | None = None,
        ticket_id: UUID | None = None,
        since: Annotated[Instant | None, Query(alias="from")] = None,
        until: Annotated[Instant | None, Query(alias="to")] = None,
    ) -> Page[CardOut]:
        window = Window(paging.fetch, paging.after(*_NEWEST_FIRST))
        wanted = CardFilter(card, unit, duty, ticket_id, since, until)
        rows = await views(connection).cards(wanted, scope_of(caller), window)
        return paging.page(rows, key=_key("at", "card_id"), show=_card)

    @routes.get("/deadlines", roles=ANY_ROLE, refuses=[NoLimit, UnknownUnit])
    async def deadlines(
        connection: Reading,
        duty: Duty,
        ticket_type: Annotated[TicketType, Query(alias="type")] = "help",
        emergent: Emergent | None = None,
        unit: UnitCode | None = None,
        started_at: Annotated[InstantOrNow, Query(alias="from")] = None,
    ) -> DeadlineOut:
        if unit is not None and not await views(connection).knows_unit(unit):
            raise UnknownUnit("没有这个承办单位。")
        return _deadline(duty, ticket_type, emergent, started_at or clock.now(), await rulebook(connection))

    @routes.get("/policies", roles=READERS)
    async def policies(connection: Reading, paging: Paging) -> Page[PolicyOut]:
        rows = await views(connection).policies(Window(paging.fetch, paging.after(int)))
        return paging.page(rows, key=_key("version"), show=lambda row: PolicyOut(**row))

    @routes.get("/calendars/{year}", roles=READERS, refuses=[NotFound])
    async def calendar(connection: Reading, year: Year, layer: LayerName = "national") -> CalendarOut:
        row = await views(connection).calendar(layer, year)
        if row is None:
            raise NotFound("该年度尚无放假安排通知。")
        return CalendarOut(**row)

    return routes


_CLOCKS_OF_TICKET = (datetime, str, UUID)
_NEWEST_FIRST = (datetime, UUID)


async def _clocks_of_ticket(views: Views, ticket: str, scope: Scope, window: Window) -> list[Row]:
    """A unit that has no clock of the ticket must not learn that it exists."""
    ticket_id = await views.ticket_id(ticket if len(ticket) == _TICKET_NO_LENGTH else UUID(ticket))
    rows = [] if ticket_id is None else await views.clocks_of_ticket(ticket_id, scope, window)
    if ticket_id is None or (scope.unit is not None and not rows and window.after is None):
        raise NotFound("没有这张工单。")
    return rows


_TICKET_NO_LENGTH = len("20260201-000017")


def _deadline(
    duty: Duty, ticket_type: TicketType, emergent: Emergent | None, started_at: datetime, rulebook: Rulebook
) -> DeadlineOut:
    policy, rule, found = ask_deadline(duty, ticket_type, emergent, started_at, rulebook)
    return DeadlineOut(
        due_at=found.due_at,
        warn_at=found.warn_at,
        policy_version=policy.version,
        calendar_status=found.calendar_status,
        origin=rule.origin,
    )


def _key(*names: str) -> Callable[[Row], tuple[Any, ...]]:
    return lambda row: tuple(row[name] for name in names)


def _clock(row: Row) -> ClockOut:
    return ClockOut(**row)


def _card(row: Row) -> CardOut:
    return CardOut(**row)
