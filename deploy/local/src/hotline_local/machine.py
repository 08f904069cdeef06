"""One machine: PostgreSQL, bus, services and gateway in one process, started and stopped in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import asyncpg
import structlog

import evaluation_svc.main
import intake_svc.main
import knowledge_svc.main
import routing_svc.main
import sla_svc.main
from hotline_chassis.clocks import BusinessClock, RealTime, VirtualTime
from hotline_chassis.consumer import Consumer, dlq_topic
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.migrations import migrate
from hotline_chassis.processes.stored_answers import forget_old_answers
from hotline_chassis.relay import Relay
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.dev_issuer import DevIssuer
from hotline_contracts.events.registry import PARTITIONS
from hotline_contracts.values import DEFAULT_SITE
from hotline_local.buses import BusChoice, BusRemembered, LocalBus, claim, open_bus
from hotline_local.instance import DATABASE, Instance

log = structlog.get_logger(__name__)

BUILDERS: Mapping[str, tuple[str, Callable[[Surroundings], Awaitable[Service]]]] = {
    "intake": ("intake_svc", intake_svc.main.build),
    "routing": ("routing_svc", routing_svc.main.build),
    "sla": ("sla_svc", sla_svc.main.build),
    "evaluation": ("evaluation_svc", evaluation_svc.main.build),
    "knowledge": ("knowledge_svc", knowledge_svc.main.build),
}
"""Database name → (package with the migrations, builder)."""

PATIENCE: Mapping[str, tuple[float, float]] = {"embedded": (0.005, 0.0), "kafka": (0.05, 0.02)}
"""Seconds that a fetch may wait for a first record, in the background and in ``drain``.

An empty fetch of the embedded bus costs no query and is certain; a broker's answers travel.
"""


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
    bus: LocalBus
    bus_choice: BusChoice
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
        _, patience = PATIENCE[self.bus_choice.kind]
        before = -1
        while before != self._moved() or await self._somebody_is_behind():
            # Idle is when nobody moved anything during a whole pass, the background loops neither.
            before = self._moved()
            for name, relay in relays.items():
                wake = self.services[name].database.outbox_written
                if thorough or wake.raised or relay.busy:
                    wake.clear()
                    await relay.step()
            for consumer in self._consumers():
                await consumer.step(patience)

    def _consumers(self) -> list[Consumer]:
        return [service.consumer for service in self.services.values() if service.consumer is not None]

    def _moved(self) -> int:
        relayed = sum(relay.moved for relay in self.relays.values())
        return relayed + sum(consumer.moved for consumer in self._consumers())

    async def _somebody_is_behind(self) -> bool:
        consumers = self._consumers()
        ends = await self.bus.end_offsets(
            sorted({topic for consumer in consumers for topic in consumer.topics})
        )
        return any(consumer.is_behind(ends) for consumer in consumers)

    async def hand_over(self, publisher: str, consumer: str) -> None:
        """Bring what one service has published to another one, and leave everybody else alone."""
        await self.relays[publisher].step()
        reading = self.services[consumer].consumer
        if reading is None:
            return
        _, patience = PATIENCE[self.bus_choice.kind]
        ends = await self.bus.end_offsets(
            [topic for topic in self.services[publisher].publishes if topic in reading.topics]
        )
        await reading.step(patience)
        while reading.is_behind(ends):
            await reading.step(patience)

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
        tasks += [
            forget_old_answers(service.database, self.system_clock, stop, ours=lambda: True)
            for service in self.services.values()
        ]
        if not self.clock.virtual:
            tasks += [relay.run_watermarks(stop) for relay in self.relays.values() if relay.topics]
        patience, _ = PATIENCE[self.bus_choice.kind]
        tasks += [consumer.run(stop, patience=patience) for consumer in self._consumers()]
        if not self.clock.virtual:
            tasks += [work(stop) for service in self.services.values() for work in service.background]
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)


def _consumed(service: Service) -> tuple[str, ...]:
    return service.consumer.topics if service.consumer is not None else ()


@asynccontextmanager
async def running_machine(
    data_dir: Path, *, virtual_from: datetime | None = None, bus: BusChoice | None = None
) -> AsyncIterator[Machine]:
    """Start everything on a data directory; stop it in reverse order when the block ends.

    Args:
        data_dir: made if missing.
        virtual_from: where the virtual clock of a new directory begins; None is the system clock. A
            directory that was used before goes on with its own clock.
        bus: None is the embedded one.

    Raises:
        DataDirectoryInUse: another process runs on it.
        ClockRemembered: a virtual clock was asked for, but the directory lives by the system clock.
        BusRemembered: the directory's facts lie on another kind of bus.
        KafkaUnreachable: nobody answers at the broker's address.
        BelongsElsewhere: the bus holds the facts of another directory.
        FactsGone: the bus held the facts of this one, and is empty.
    """
    choice = bus or BusChoice()
    async with AsyncExitStack() as stack:
        postgres = EmbeddedPostgres(data_dir / "postgres")
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        await asyncio.gather(*(postgres.ensure_database(name) for name in (DATABASE, *BUILDERS)))
        await asyncio.gather(
            *(migrate(postgres.dsn(name), package) for name, (package, _) in BUILDERS.items())
        )
        instance = await Instance.open(postgres.dsn(DATABASE))
        stack.push_async_callback(instance.close)
        remembered = await instance.remember(virtual_from, choice)
        if virtual_from is not None and remembered.virtual_now is None:
            raise ClockRemembered("该数据目录使用真实时钟，不能改为虚拟时钟。")
        if remembered.bound and remembered.bus.kind != choice.kind:
            raise BusRemembered(
                f"该数据目录的事件在另一种总线上（{remembered.bus.kind}），请用同一种总线启动。"
            )
        system_clock = RealTime()
        opened = await open_bus(choice, postgres, system_clock)
        stack.push_async_callback(opened.close)
        await claim(opened, choice, remembered.instance_id, bound=remembered.bound)
        await instance.set_bus(choice)
        clock: BusinessClock = system_clock
        if remembered.virtual_now is not None:
            clock = VirtualTime(await _past_floors(postgres, remembered.virtual_now))
        issuer = DevIssuer(data_dir / "keys", system_clock)
        surroundings = Surroundings(
            dsn={},
            bus=opened,
            business_clock=clock,
            system_clock=system_clock,
            verifier=issuer.verifier(),
            master_keys=MasterKeys.in_directory(data_dir / "keys"),
            site=DEFAULT_SITE,
        )
        services = await _build_services(stack, postgres, surroundings)
        await opened.ensure_topics(_topics(services))
        relays = await _start_relays(
            stack, postgres, surroundings, services, durable_floor=choice.kind != "embedded"
        )
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
            bus=opened,
            bus_choice=choice,
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
    *,
    durable_floor: bool,
) -> dict[str, Relay]:
    """Where the bus lies in the same cluster as the databases, the floor need not be flushed on its own."""
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
            durable_floor=durable_floor,
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
