"""How routes and handlers get the ports: composed in ``main``, handed over by the app."""

from typing import Annotated, Protocol, cast

import asyncpg
from fastapi import Depends, Request

from evaluation_svc.application.ports import (
    ClockStore,
    EvaluationWork,
    ReferenceStore,
    ScorecardReader,
    TicketStore,
)
from evaluation_svc.application.queries import FollowUpReader
from evaluation_svc.domain.actors import Actor
from hotline_chassis.clocks import BusinessClock
from hotline_chassis.database import Transaction
from hotline_chassis.web.work import CallerDep, Reading, Writing


class Stores(Protocol):
    """Makes each port on one transaction, or on one connection.

    Attributes:
        clock: for reading what holds now; facts take their instants from their transaction.
    """

    clock: BusinessClock

    def evaluations(self, transaction: Transaction) -> EvaluationWork: ...

    def tickets(self, connection: asyncpg.Connection) -> TicketStore: ...

    def clocks(self, connection: asyncpg.Connection) -> ClockStore: ...

    def references(self, connection: asyncpg.Connection) -> ReferenceStore: ...

    def follow_ups(self, connection: asyncpg.Connection) -> FollowUpReader: ...

    def scorecards(self, connection: asyncpg.Connection) -> ScorecardReader: ...


def _stores(request: Request) -> Stores:
    return cast("Stores", request.scope["app"].state.stores)


async def _evaluation_work(request: Request, transaction: Writing) -> EvaluationWork:
    return _stores(request).evaluations(transaction)


async def _follow_up_reader(request: Request, connection: Reading) -> FollowUpReader:
    return _stores(request).follow_ups(connection)


async def _scorecard_reader(request: Request, connection: Reading) -> ScorecardReader:
    return _stores(request).scorecards(connection)


async def _clock(request: Request) -> BusinessClock:
    return _stores(request).clock


async def _actor(caller: CallerDep) -> Actor:
    return Actor(caller.sub, tuple(sorted(caller.roles)), caller.unit)


EvaluationWorkDep = Annotated[EvaluationWork, Depends(_evaluation_work)]
FollowUpReaderDep = Annotated[FollowUpReader, Depends(_follow_up_reader)]
ScorecardReaderDep = Annotated[ScorecardReader, Depends(_scorecard_reader)]
ClockDep = Annotated[BusinessClock, Depends(_clock)]
ActorDep = Annotated[Actor, Depends(_actor)]
