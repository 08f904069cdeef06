"""Composition root: the one place that knows every part of this service."""

import asyncpg

from evaluation_svc.adapters.copies import SqlClocks, SqlReferences, SqlTickets
from evaluation_svc.adapters.evaluation_work import SqlEvaluationWork
from evaluation_svc.adapters.reading import SqlFollowUps, SqlScorecards
from evaluation_svc.entrypoints.consumer import TOPICS, applying
from evaluation_svc.entrypoints.http import router
from hotline_chassis.clocks import BusinessClock
from hotline_chassis.consumer import Consumer
from hotline_chassis.database import Database, Transaction
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.app import create_service_app

NAME = "evaluation-svc"
PUBLISHES = ("evaluation.ratings",)


class SqlStores:
    """The ports on PostgreSQL."""

    def __init__(self, clock: BusinessClock) -> None:
        self.clock = clock

    def evaluations(self, transaction: Transaction) -> SqlEvaluationWork:
        return SqlEvaluationWork(transaction)

    def tickets(self, connection: asyncpg.Connection) -> SqlTickets:
        return SqlTickets(connection)

    def clocks(self, connection: asyncpg.Connection) -> SqlClocks:
        return SqlClocks(connection)

    def references(self, connection: asyncpg.Connection) -> SqlReferences:
        return SqlReferences(connection)

    def follow_ups(self, connection: asyncpg.Connection) -> SqlFollowUps:
        return SqlFollowUps(connection)

    def scorecards(self, connection: asyncpg.Connection) -> SqlScorecards:
        return SqlScorecards(connection)


async def build(surroundings: Surroundings) -> Service:
    """The service on a migrated database; its pool is open, nothing else runs yet."""
    clock = surroundings.business_clock
    database = await Database.connect(surroundings.dsn, clock, source=NAME, site=surroundings.site)
    stores = SqlStores(clock)
    app = create_service_app(
        NAME,
        [router],
        database=database,
        verifier=surroundings.verifier,
        system_clock=surroundings.system_clock,
        master_keys=surroundings.master_keys,
    )
    app.state.stores = stores
    consumer = Consumer(database, surroundings.bus, group=NAME, topics=TOPICS, apply=applying(stores))
    return Service(name=NAME, app=app, database=database, publishes=PUBLISHES, consumer=consumer)
