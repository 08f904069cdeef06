"""Puts the service together."""

import asyncpg
from starlette.routing import Route

from hotline_chassis.database import Database
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.app import create_service_app
from hotline_chassis.web.edge import Edge
from intake_svc.adapters.category_file import shipped_tree
from intake_svc.adapters.group_flush import GroupFlush
from intake_svc.adapters.group_retries import GroupRetries
from intake_svc.adapters.group_writer import GroupWriter
from intake_svc.adapters.request_reader import SqlRequestReads
from intake_svc.adapters.request_store import SqlRequestStore
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.entrypoints.http import router
from intake_svc.entrypoints.post_requests import PATH, FastLane, PostRequests

NAME = "intake-svc"
PUBLISHES = ("intake.requests", "intake.texts")


async def build(surroundings: Surroundings) -> Service:
    """Connect to a migrated database and assemble the routes; nothing runs by itself.

    Closing the service's database writes first what was submitted before.
    """
    clock, system_clock = surroundings.business_clock, surroundings.system_clock
    database = await Database.connect(surroundings.dsn, clock, source=NAME, site=surroundings.site)
    keys = RequesterKeys(surroundings.master_keys)
    categories = shipped_tree()
    flush = GroupFlush(database, keys, system_clock)
    writer = GroupWriter(GroupRetries(flush, database, system_clock).write)
    database.before_close.append(writer.close)

    def store(connection: asyncpg.Connection) -> SqlRequestStore:
        return SqlRequestStore(connection, keys)

    def reads(connection: asyncpg.Connection) -> SqlRequestReads:
        return SqlRequestReads(connection, keys)

    post = PostRequests(writer, categories, clock, keys.body_hash)
    app = create_service_app(
        NAME,
        [router(store, reads, categories)],
        database=database,
        verifier=surroundings.verifier,
        system_clock=system_clock,
        master_keys=surroundings.master_keys,
        raw_routes=[Route(PATH, post, methods=["POST"], include_in_schema=False)],
    )
    lane = Edge(post, system_clock=system_clock)
    app.middleware_stack = FastLane(lane, app.build_middleware_stack())
    return Service(name=NAME, app=app, database=database, publishes=PUBLISHES)
