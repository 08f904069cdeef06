"""Composition root: the one place that knows every part of this service."""

import asyncpg

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.consumer import Consumer
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import Database, Transaction
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.app import create_service_app
from routing_svc.adapters.arrivals import SqlArrivalWork
from routing_svc.adapters.reading import SqlTicketReader, SqlUnitReader
from routing_svc.adapters.ticket_work import SqlTicketWork
from routing_svc.adapters.unit_work import SqlDirectoryWork, SqlUnitWork
from routing_svc.entrypoints import actions, tickets, units
from routing_svc.entrypoints.consumer import TOPICS, applying

NAME = "routing-svc"
PUBLISHES = ("routing.tickets", "routing.texts", "reference.units")


class SqlStores:
    """The ports on PostgreSQL."""

    def __init__(self, keys: MasterKeys, clock: BusinessClock) -> None:
        self._keys = keys
        self._clock = clock

    def tickets(self, transaction: Transaction) -> SqlTicketWork:
        return SqlTicketWork(transaction, self._keys)

    def arrivals(self, transaction: Transaction) -> SqlArrivalWork:
        return SqlArrivalWork(transaction)

    def units(self, transaction: Transaction) -> SqlUnitWork:
        return SqlUnitWork(transaction)

    def directory(self, transaction: Transaction) -> SqlDirectoryWork:
        return SqlDirectoryWork(transaction)

    def read_tickets(self, connection: asyncpg.Connection) -> SqlTicketReader:
        return SqlTicketReader(connection, self._keys, self._clock)

    def read_units(self, connection: asyncpg.Connection) -> SqlUnitReader:
        return SqlUnitReader(connection)


async def build(surroundings: Surroundings) -> Service:
    """The service on a migrated database; its pool is open, nothing else runs yet."""
    clock = surroundings.business_clock
    database = await Database.connect(surroundings.dsn, clock, source=NAME, site=surroundings.site)
    stores = SqlStores(surroundings.master_keys, clock)
    app = create_service_app(
        NAME,
        [tickets.router, actions.router, units.router],
        database=database,
        verifier=surroundings.verifier,
        system_clock=surroundings.system_clock,
        master_keys=surroundings.master_keys,
    )
    app.state.stores = stores
    consumer = Consumer(database, surroundings.bus, group=NAME, topics=TOPICS, apply=applying(stores))
    return Service(name=NAME, app=app, database=database, publishes=PUBLISHES, consumer=consumer)
