"""How routes and handlers get the ports: composed in ``main``, handed over by the app."""

from typing import Annotated, Protocol, cast

import asyncpg
from fastapi import Depends, Request

from hotline_chassis.database import Transaction
from hotline_chassis.web.auth import Caller
from hotline_chassis.web.work import CallerDep, Reading, Writing
from routing_svc.application.ports import ArrivalWork, DirectoryWork, TicketWork, UnitWork
from routing_svc.application.queries import TicketReader, UnitReader
from routing_svc.domain.actors import Actor


class Stores(Protocol):
    """Makes each port on one transaction, or on one connection for reading."""

    def tickets(self, transaction: Transaction) -> TicketWork: ...

    def arrivals(self, transaction: Transaction) -> ArrivalWork: ...

    def units(self, transaction: Transaction) -> UnitWork: ...

    def directory(self, transaction: Transaction) -> DirectoryWork: ...

    def read_tickets(self, connection: asyncpg.Connection) -> TicketReader: ...

    def read_units(self, connection: asyncpg.Connection) -> UnitReader: ...


def actor_of(caller: Caller) -> Actor:
    return Actor(caller.sub, tuple(sorted(caller.roles)), caller.unit)


def _stores(request: Request) -> Stores:
    return cast("Stores", request.scope["app"].state.stores)


async def _ticket_work(request: Request, transaction: Writing) -> TicketWork:
    return _stores(request).tickets(transaction)


async def _unit_work(request: Request, transaction: Writing) -> UnitWork:
    return _stores(request).units(transaction)


async def _directory_work(request: Request, transaction: Writing) -> DirectoryWork:
    return _stores(request).directory(transaction)


async def _ticket_reader(request: Request, connection: Reading) -> TicketReader:
    return _stores(request).read_tickets(connection)


async def _unit_reader(request: Request, connection: Reading) -> UnitReader:
    return _stores(request).read_units(connection)


async def _actor(caller: CallerDep) -> Actor:
    return actor_of(caller)


TicketWorkDep = Annotated[TicketWork, Depends(_ticket_work)]
UnitWorkDep = Annotated[UnitWork, Depends(_unit_work)]
DirectoryWorkDep = Annotated[DirectoryWork, Depends(_directory_work)]
TicketReaderDep = Annotated[TicketReader, Depends(_ticket_reader)]
UnitReaderDep = Annotated[UnitReader, Depends(_unit_reader)]
ActorDep = Annotated[Actor, Depends(_actor)]
