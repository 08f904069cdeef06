"""How routes and handlers get the ports: composed in ``main``, handed over by the app."""

from typing import Annotated, Protocol, cast

import asyncpg
from fastapi import Depends, Request

from hotline_chassis.database import Transaction
from hotline_chassis.web.auth import Caller
from hotline_chassis.web.work import CallerDep, Reading, Writing
from knowledge_svc.application.ports import EntryWork, Segmenter, UnitWork
from knowledge_svc.application.queries import EntryReader
from knowledge_svc.domain.actors import Actor


class Stores(Protocol):
    """Makes each port on one transaction, or on one connection for reading."""

    @property
    def segmenter(self) -> Segmenter: ...

    def entries(self, transaction: Transaction) -> EntryWork: ...

    def units(self, transaction: Transaction) -> UnitWork: ...

    def read_entries(self, connection: asyncpg.Connection) -> EntryReader: ...


def actor_of(caller: Caller) -> Actor:
    return Actor(caller.sub, tuple(sorted(caller.roles)), caller.unit)


def _stores(request: Request) -> Stores:
    return cast("Stores", request.scope["app"].state.stores)


async def _segmenter(request: Request) -> Segmenter:
    return _stores(request).segmenter


async def _entry_work(request: Request, transaction: Writing) -> EntryWork:
    return _stores(request).entries(transaction)


async def _entry_reader(request: Request, connection: Reading) -> EntryReader:
    return _stores(request).read_entries(connection)


async def _actor(caller: CallerDep) -> Actor:
    return actor_of(caller)


SegmenterDep = Annotated[Segmenter, Depends(_segmenter)]
EntryWorkDep = Annotated[EntryWork, Depends(_entry_work)]
EntryReaderDep = Annotated[EntryReader, Depends(_entry_reader)]
ActorDep = Annotated[Actor, Depends(_actor)]
