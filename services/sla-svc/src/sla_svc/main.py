"""Puts the service together."""

from hotline_chassis.consumer import Consumer
from hotline_chassis.database import Database
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.app import create_service_app
from sla_svc.adapters.clocks import SqlClocks, next_transition
from sla_svc.adapters.references import Rulebooks, SqlReferences
from sla_svc.adapters.tickets import SqlTickets, SqlUnits
from sla_svc.adapters.views import SqlViews
from sla_svc.application.seed_references import seed_references
from sla_svc.entrypoints.consumer import TOPICS, Appliers, Stores
from sla_svc.entrypoints.http import router
from sla_svc.entrypoints.timer import ClockTimer

PUBLISHES = ("sla.clocks", "reference.policies", "reference.calendars")


async def build(surroundings: Surroundings) -> Service:
    """The service on a migrated database; it answers and consumes once it is seeded."""
    database = await Database.connect(
        surroundings.dsn, surroundings.business_clock, source="sla-svc", site=surroundings.site
    )
    rulebook = Rulebooks()
    stores = Stores(clocks=SqlClocks, tickets=SqlTickets, units=SqlUnits, rulebook=rulebook)
    appliers = Appliers(stores)
    consumer = Consumer(
        database,
        surroundings.bus,
        group="sla-svc",
        topics=TOPICS,
        apply=appliers.apply,
        hold=appliers.hold,
    )
    timer = ClockTimer(
        database,
        surroundings.bus,
        system_clock=surroundings.system_clock,
        clocks=SqlClocks,
        rulebook=rulebook,
        next_transition=next_transition,
        woken=consumer.applied,
    )
    app = create_service_app(
        "sla-svc",
        [router(SqlViews, rulebook, surroundings.business_clock)],
        database=database,
        verifier=surroundings.verifier,
        system_clock=surroundings.system_clock,
        master_keys=surroundings.master_keys,
    )

    async def seed() -> None:
        async with database.transaction() as transaction:
            await seed_references(transaction, SqlReferences(transaction.connection))

    return Service(
        name="sla-svc",
        app=app,
        database=database,
        publishes=PUBLISHES,
        consumer=consumer,
        timer=timer,
        seed=seed,
        background=(timer.run,),
    )
