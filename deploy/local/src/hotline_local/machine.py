"""One machine: PostgreSQL, bus, services and gateway in one process, started and stopped in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import structlog

import intake_svc.main
import routing_svc.main
import sla_svc.main
from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.clocks import BusinessClock, RealTime, VirtualTime
from hotline_chassis.consumer import dlq_topic
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import TROUBLE
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.migrations import migrate
from hotline_chassis.relay import Relay
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_chassis.web.idempotency import purge_idempotency
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.values import DEFAULT_SITE
from hotline_local.instance import DATABASE, Instance

log = structlog.get_logger(__name__)

BUILDERS: Mapping[str, tuple[str, Callable[[Surroundings], Awaitable[Service]]]] = {
    "intake": ("intake_svc", intake_svc.main.build),
    "routing": ("routing_svc", routing_svc.main.build),
    "sla": ("sla_svc", sla_svc.main.build),
}
"""Database name → (package with the migrations, builder)."""

BUS_DATABASE = "bus"
ANSWERS_KEPT = timedelta(days=7)
PURGE_SECONDS = 3600.0
DRIVEN_PATIENCE = 0.005
"""Seconds for which an idle consumer may keep ``drain`` waiting; an idle fetch costs no query here."""


class ClockRemembered(Exception):
    """The data directory already has a clock, and it is not the kind that was asked for."""


@dataclass
class Machine:
    """Everything that runs.

    Attributes:
        clock: the one business clock; ``instance`` remembers it when it is virtual.
        services: by database name.
        relays: by database name, one for each service.
        clock_turn: held by whoever moves the virtual clock.
    """

    postgres: EmbeddedPostgres
    instance: Instance
    demonstrated: bool
    bus: EmbeddedBus
    clock: BusinessClock
    system_clock: RealTime
    issuer: DevIssuer
    verifier: Verifier
    services: dict[str, Service]
    relays: dict[str, Relay]
    clock_turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def drain(self, *, thorough: bool = True) -> None:
        """Relay and consume until nothing moves any more.

        Args:
            thorough: empty every outbox. Otherwise only what somebody consumes is moved, and only where
                this process is known to have written: enough before time goes on.
        """
        relays = self.relays if thorough else self._consumed_relays()
        before = -1
        while before != self._moved():
            # Idle is when nobody moved anything during a whole pass, the background loops neither.
            before = self._moved()
            for name, relay in relays.items():
                wake = self.services[name].database.outbox_written
                if thorough or wake.raised or relay.busy:
                    wake.clear()
                    await relay.step()
            for service in self.services.values():
                if service.consumer is not None:
                    await service.consumer.step()

    def _moved(self) -> int:
        relayed = sum(relay.moved for relay in self.relays.values())
        return relayed + sum(s.consumer.moved for s in self.services.values() if s.consumer is not None)

    async def hand_over(self, publisher: str, consumer: str) -> None:
        """Bring what one service has published to another one, and leave everybody else alone."""
        await self.relays[publisher].step()
        reading = self.services[consumer].consumer
        if reading is not None:
            await reading.step()

    def _consumed_relays(self) -> dict[str, Relay]:
        consumed = {topic for service in self.services.values() for topic in _consumed(service)}
        return {
            name: relay
            for name, relay in self.relays.items()
            if consumed.intersection(self.services[name].publishes)
        }

    async def fire(self) -> int:
        """Do what is due at the present instant, in every service; returns how much was done."""
        for relay in self.relays.values():
            if relay.topics:
                await relay.publish_watermarks()
        await self.drain(thorough=False)
        done = 0
        for service in self.services.values():
            if service.timer is not None:
                done += await service.timer.tick()
        await self.drain(thorough=False)
        return done

    async def next_due_at(self) -> datetime | None:
        """The first instant at which any service has something to do by itself."""
        instants = [
            await service.timer.next_due_at()
            for service in self.services.values()
            if service.timer is not None
        ]
        return min((instant for instant in instants if instant is not None), default=None)

    async def run(self, stop: asyncio.Event) -> None:
        """Relays, consumers and timers in the background until told to stop.

        A virtual clock stands still, so its timers fire only when it is moved (``ClockDriver``).
        """
        tasks = [relay.run(stop) for relay in self.relays.values()]
        tasks.append(self._forget_old_answers(stop))
        if not self.clock.virtual:
            tasks += [relay.run_watermarks(stop) for relay in self.relays.values() if relay.topics]
        for service in self.services.values():
            if service.consumer is not None:
                tasks.append(service.consumer.run(stop, patience=DRIVEN_PATIENCE))
            if not self.clock.virtual:
                tasks += [work(stop) for work in service.background]
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)

    async def _forget_old_answers(self, stop: asyncio.Event) -> None:
        """Once an hour, answers kept for idempotency keys that are older than seven days go."""
        while not stop.is_set():
            for service in self.services.values():
                try:
                    await purge_idempotency(service.database, self.system_clock.now() - ANSWERS_KEPT)
                except TROUBLE as trouble:
                    log.warning("answers.not_forgotten", service=service.name, error=type(trouble).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PURGE_SECONDS):
                    await stop.wait()


def _consumed(service: Service) -> tuple[str, ...]:
    return service.consumer.topics if service.consumer is not None else ()


@asynccontextmanager
async def running_machine(data_dir: Path, *, virtual_from: datetime | None = None) -> AsyncIterator[Machine]:
    """Start everything on a data directory; stop it in reverse order when the block ends.

    Args:
        data_dir: made if missing.
        virtual_from: where the virtual clock of a new directory begins; None is the system clock. A
            directory that was used before goes on with its own clock.

    Raises:
        DataDirectoryInUse: another process runs on it.
        ClockRemembered: a virtual clock was asked for, but the directory lives by the system clock.
    """
    async with AsyncExitStack() as stack:
        postgres = EmbeddedPostgres(data_dir / "postgres")
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        await asyncio.gather(
            *(postgres.ensure_database(name) for name in (DATABASE, BUS_DATABASE, *BUILDERS))
        )
        await asyncio.gather(
            *(migrate(postgres.dsn(name), package) for name, (package, _) in BUILDERS.items())
        )
        instance = await Instance.open(postgres.dsn(DATABASE))
        stack.push_async_callback(instance.close)
        remembered = await instance.remember(virtual_from)
        if virtual_from is not None and remembered.virtual_now is None:
            raise ClockRemembered("该数据目录使用真实时钟，不能改为虚拟时钟。")
        system_clock = RealTime()
        bus = await EmbeddedBus.connect(postgres.dsn(BUS_DATABASE), system_clock, single_process=True)
        stack.push_async_callback(bus.close)
        await bus.bind_instance(remembered.instance_id)
        clock: BusinessClock = system_clock
        if remembered.virtual_now is not None:
            clock = VirtualTime(await _past_floors(postgres, remembered.virtual_now))
        issuer = DevIssuer(data_dir / "keys", system_clock)
        surroundings = Surroundings(
            dsn={},
            bus=bus,
            business_clock=clock,
            system_clock=system_clock,
            verifier=issuer.verifier(),
            master_keys=MasterKeys.in_directory(data_dir / "keys"),
            site=DEFAULT_SITE,
        )
        services = await _build_services(stack, postgres, surroundings)
        await bus.ensure_topics(_topics(services))
        relays = await _start_relays(stack, postgres, surroundings, services)
        for service in services.values():
            if service.seed is not None:
                await service.seed()
            if service.consumer is not None:
                await service.consumer.start()
                stack.push_async_callback(service.consumer.close)
        yield Machine(
            postgres=postgres,
            instance=instance,
            demonstrated=remembered.demonstrated,
            bus=bus,
            clock=clock,
            system_clock=system_clock,
            issuer=issuer,
            verifier=surroundings.verifier,
            services=services,
            relays=relays,
        )


async def _build_services(
    stack: AsyncExitStack, postgres: EmbeddedPostgres, surroundings: Surroundings
) -> dict[str, Service]:
    services: dict[str, Service] = {}
    for name, (_, build) in BUILDERS.items():
        services[name] = await build(replace(surroundings, dsn=postgres.dsn(name)))
        stack.push_async_callback(services[name].database.close)
    return services


async def _start_relays(
    stack: AsyncExitStack,
    postgres: EmbeddedPostgres,
    surroundings: Surroundings,
    services: Mapping[str, Service],
) -> dict[str, Relay]:
    relays: dict[str, Relay] = {}
    awaited = {topic for service in services.values() if service.timer for topic in service.timer.topics}
    for name, service in services.items():
        relay = Relay(
            postgres.dsn(name),
            surroundings.bus,
            topics=[topic for topic in service.publishes if topic in awaited],
            clock=surroundings.business_clock,
            system_clock=surroundings.system_clock,
            wake=service.database.outbox_written,
            durable_floor=False,  # the embedded bus lies in the same cluster
        )
        await relay.start()
        stack.push_async_callback(relay.close)
        relays[name] = relay
    return relays


def _topics(services: Mapping[str, Service]) -> dict[str, int]:
    """All fact topics, and a dead-letter topic beside each one that somebody consumes."""
    consumed = {topic for service in services.values() for topic in _consumed(service)}
    return {**PARTITIONS, **{dlq_topic(topic): 1 for topic in sorted(consumed)}}


async def _past_floors(postgres: EmbeddedPostgres, remembered: datetime) -> datetime:
    """Where a virtual clock goes on: never before an instant up to which facts were called complete."""
    instants = [remembered]
    for name in BUILDERS:
        connection = await asyncpg.connect(**postgres.dsn(name))
        instants.append(await connection.fetchval("SELECT complete_before FROM stamp_floor"))
        await connection.close()
    return max(instants)
