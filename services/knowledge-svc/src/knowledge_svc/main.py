"""Composition root: the one place that knows every part of this service."""

import asyncpg

from hotline_chassis.clocks import BusinessClock
from hotline_chassis.consumer import Consumer
from hotline_chassis.database import Database, Transaction
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.app import create_service_app
from knowledge_svc.adapters.entry_work import SqlEntryWork
from knowledge_svc.adapters.indexing import index_again
from knowledge_svc.adapters.reading import SqlEntryReader
from knowledge_svc.adapters.segmenting import RjiebaSegmenter
from knowledge_svc.adapters.unit_work import SqlUnitWork
from knowledge_svc.application.ports import Segmenter
from knowledge_svc.entrypoints import entries, search
from knowledge_svc.entrypoints.consumer import TOPICS, applying

NAME = "knowledge-svc"
PUBLISHES = ("knowledge.entries",)


class SqlStores:
    """The ports on PostgreSQL."""

    def __init__(self, segmenter: Segmenter, clock: BusinessClock) -> None:
        self.segmenter = segmenter
        self._clock = clock

    def entries(self, transaction: Transaction) -> SqlEntryWork:
        return SqlEntryWork(transaction, self.segmenter)

    def units(self, transaction: Transaction) -> SqlUnitWork:
        return SqlUnitWork(transaction)

    def read_entries(self, connection: asyncpg.Connection) -> SqlEntryReader:
        return SqlEntryReader(connection, self._clock)


async def build(surroundings: Surroundings) -> Service:
    """The service on a migrated database; its pool is open, nothing else runs yet."""
    clock = surroundings.business_clock
    database = await Database.connect(surroundings.dsn, clock, source=NAME, site=surroundings.site)
    segmenter = RjiebaSegmenter()
    stores = SqlStores(segmenter, clock)
    app = create_service_app(
        NAME,
        [search.router, entries.router],
        database=database,
        verifier=surroundings.verifier,
        system_clock=surroundings.system_clock,
        master_keys=surroundings.master_keys,
    )
    app.state.stores = stores
    consumer = Consumer(database, surroundings.bus, group=NAME, topics=TOPICS, apply=applying(stores))

    async def seed() -> None:
        await index_again(database, segmenter)

    return Service(name=NAME, app=app, database=database, publishes=PUBLISHES, consumer=consumer, seed=seed)
