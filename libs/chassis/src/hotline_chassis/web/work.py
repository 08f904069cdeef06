"""One request's work on the database: at most one transaction, opened when first needed."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, cast

import asyncpg
from fastapi import Depends, Request

from hotline_chassis.clocks import SystemClock
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database, Transaction
from hotline_chassis.web.auth import Caller, Verifier, bearer_token, unauthenticated

CALLER = "hotline.caller"
WORK = "hotline.work"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Equipment:
    """What every route of an app works with."""

    database: Database | None
    verifier: Verifier
    system_clock: SystemClock
    master_keys: MasterKeys | None = None

    def sealing_keys(self) -> MasterKeys:
        """What kept answers are sealed with."""
        if self.master_keys is None:
            raise RuntimeError("an app with a database keeps answers, so it was to be made with master keys")
        return self.master_keys


def equipment_of(request: Request) -> Equipment:
    return cast("Equipment", request.scope["app"].state.equipment)


async def authenticate(request: Request) -> Caller:
    """The caller by the request's bearer token.

    Raises:
        Unauthenticated: no token, or not a valid one.
    """
    return await equipment_of(request).verifier.verify(bearer_token(request.scope))


class Work:
    """Hands out the request's transaction; ``stack`` ends it: commits, or rolls back on an error."""

    def __init__(self, database: Database | None, stack: AsyncExitStack, *, writes: bool) -> None:
        self._database = database
        self._stack = stack
        self._writes = writes
        self._transaction: Transaction | None = None
        self._reading: asyncpg.Connection | None = None

    def _ground(self) -> Database:
        if self._database is None:
            raise RuntimeError("this app was made without a database")
        return self._database

    async def transaction(self) -> Transaction:
        """The one transaction, begun now if it was not yet."""
        if not self._writes:
            raise RuntimeError("a route that reads (GET) asks for Reading, not Writing")
        if self._transaction is None:
            self._transaction = await self._stack.enter_async_context(self._ground().transaction())
        return self._transaction

    async def reading(self) -> asyncpg.Connection:
        """A connection for reading; on a route that writes, the transaction's own.

        Never a second one beside the transaction: requests that each hold one connection and wait for
        another could use up the pool and stand still.
        """
        if self._writes:
            return (await self.transaction()).connection
        if self._reading is None:
            self._reading = await self._stack.enter_async_context(self._ground().reading())
        return self._reading


async def _writing(request: Request) -> Transaction:
    return await cast("Work", request.scope[WORK]).transaction()


async def _reading(request: Request) -> Any:
    return await cast("Work", request.scope[WORK]).reading()


async def _caller(request: Request) -> Caller:
    caller = request.scope.get(CALLER)
    if not isinstance(caller, Caller):
        raise unauthenticated()
    return caller


Writing = Annotated[Transaction, Depends(_writing)]
"""The request's transaction; committed before the answer is sent."""
Reading = Annotated[asyncpg.Connection, Depends(_reading)]
"""A connection for statements that change nothing."""
CallerDep = Annotated[Caller, Depends(_caller)]
