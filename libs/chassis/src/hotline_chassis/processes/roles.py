"""What a service's processes do. Each waits for its neighbours instead of failing, and ends when it is told to."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from hotline_chassis.bus.port import Bus, BusUnavailable, UnknownTopic
from hotline_chassis.memory import settle_memory
from hotline_chassis.processes.awaited import AWAITED
from hotline_chassis.processes.composition import (
    Build,
    OpenBus,
    WithoutBus,
    built,
    open_kafka,
    silent_verifier,
    surroundings,
)
from hotline_chassis.processes.front import LINGER_SECONDS, Front
from hotline_chassis.processes.health import Backlog, Health, Watch
from hotline_chassis.processes.lifetime import Lifetime
from hotline_chassis.processes.migrating import migrate_service
from hotline_chassis.processes.outbox_notices import telling_relay
from hotline_chassis.processes.ports import serving
from hotline_chassis.processes.program import Role
from hotline_chassis.processes.settings import ServiceSettings
from hotline_chassis.processes.stored_answers import forget_old_answers
from hotline_chassis.relay import Relay
from hotline_chassis.service import Service
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.issuer_keys import IssuerKeys, keep_keys


@dataclass(frozen=True)
class _Post:
    """A role at its place: health is answered, bus and service are there."""

    service: Service
    bus: Bus
    health: Health
    stack: AsyncExitStack


class ServiceRoles:
    """The roles of one service.

    Args:
        package: holds the migrations.
        build: the service's composition.
        open_bus: connects to the bus.
    """

    def __init__(self, package: str, build: Build, *, open_bus: OpenBus = open_kafka) -> None:
        self._package = package
        self._build = build
        self._open_bus = open_bus

    def named(self, names: Sequence[str]) -> Mapping[str, Role[ServiceSettings]]:
        """The roles of these names."""
        return {name: getattr(self, name) for name in names}

    async def serve(self, settings: ServiceSettings, lifetime: Lifetime) -> None:
        """Answer HTTP. The port is open at once; ready when schema and the issuer's keys are there."""
        clock, health = lifetime.system_clock, Health()
        verifier = Verifier(
            {"keys": []},
            issuer=settings.oidc.issuer,
            system_clock=clock,
            fetch=IssuerKeys(settings.oidc.jwks_url).fetch,
        )
        front = Front(health, ready=lambda: verifier.has_keys)
        outside = surroundings(settings, WithoutBus(), verifier)
        async with (
            AsyncExitStack() as stack,
            asyncio.TaskGroup() as tasks,
            serving(front, settings.host, settings.port),
        ):
            tasks.create_task(keep_keys(verifier, lifetime.stop))
            service = await built(self._package, self._build, outside, lifetime)
            stack.push_async_callback(service.database.close)
            await stack.enter_async_context(telling_relay(outside.dsn, service.database.outbox_written))
            front.open(service.app)
            settle_memory()
            await lifetime.stop.wait()
            health.draining = True
            await asyncio.sleep(LINGER_SECONDS)

    async def consume(self, settings: ServiceSettings, lifetime: Lifetime) -> None:
        """Apply what others published.

        Raises:
            LogShortened: records are missing from the bus.
        """
        async with self._post(settings, lifetime, "consume") as post:
            consumer = post.service.consumer
            if consumer is None:
                raise RuntimeError(f"{self._package} consumes nothing")
            await self._until_topics(post, lifetime, consumer.topics)
            await lifetime.until_there("group", consumer.start, (BusUnavailable, UnknownTopic))
            post.stack.push_async_callback(consumer.close)
            backlog = Backlog(consumer, post.bus)
            post.health.watches += [
                Watch(lambda: consumer.turns + consumer.moved, lifetime.system_clock),
                Watch(lambda: backlog.seen_well, lifetime.system_clock),
            ]
            post.health.report = lambda: {"ready": consumer.trouble is None, "trouble": consumer.trouble}
            await _work(post, lifetime, [consumer.run(lifetime.stop), backlog.run(lifetime)])

    async def relay(self, settings: ServiceSettings, lifetime: Lifetime) -> None:
        """Move the outbox to the bus, one relay at a time; others stand by."""
        async with self._post(settings, lifetime, "relay") as post:
            service, clock = post.service, lifetime.system_clock
            await self._until_topics(post, lifetime, service.publishes)
            relay = Relay(
                settings.database.dsn,
                post.bus,
                topics=[topic for topic in service.publishes if topic in AWAITED],
                clock=service.database.clock,
                system_clock=clock,
                wake=service.database.outbox_written,
            )
            post.stack.push_async_callback(relay.close)
            post.health.watches.append(Watch(lambda: relay.turns + relay.moved, clock))
            post.health.report = lambda: {
                "ready": relay.active or relay.standby,
                "standby": relay.standby,
            }
            loops = [
                relay.run(lifetime.stop),
                forget_old_answers(service.database, clock, lifetime.stop, ours=lambda: relay.active),
            ]
            if relay.topics:
                loops.append(relay.run_watermarks(lifetime.stop))
            await _work(post, lifetime, loops)

    async def tick(self, settings: ServiceSettings, lifetime: Lifetime) -> None:
        """Let the service's deadlines pass, as far as the watermarks allow."""
        async with self._post(settings, lifetime, "tick") as post:
            timer = post.service.timer
            if timer is None:
                raise RuntimeError(f"{self._package} has no timer")
            await self._until_topics(post, lifetime, timer.topics)
            post.health.watches.append(Watch(lambda: timer.turns, lifetime.system_clock))
            post.health.report = lambda: {"ready": True}
            await _work(post, lifetime, [loop(lifetime.stop) for loop in post.service.background])

    async def migrate(self, settings: ServiceSettings, lifetime: Lifetime) -> None:
        """Schema, topics and first records; then end. Several may run at once."""
        await migrate_service(self._package, self._build, self._open_bus, settings, lifetime)

    @asynccontextmanager
    async def _post(self, settings: ServiceSettings, lifetime: Lifetime, role: str) -> AsyncIterator[_Post]:
        health = Health()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(health.app(), settings.host, settings.health_port))
            bus = await lifetime.until_there(
                "bus",
                lambda: self._open_bus(settings.kafka, lifetime.system_clock, f"{self._package}-{role}"),
                (BusUnavailable,),
            )
            stack.push_async_callback(bus.close)
            outside = surroundings(settings, bus, silent_verifier(settings, lifetime.system_clock))
            service = await built(self._package, self._build, outside, lifetime)
            stack.push_async_callback(service.database.close)
            if role != "relay":
                await stack.enter_async_context(telling_relay(outside.dsn, service.database.outbox_written))
            yield _Post(service, bus, health, stack)

    async def _until_topics(self, post: _Post, lifetime: Lifetime, topics: Iterable[str]) -> None:
        """Others' ``migrate`` may still be making them."""
        wanted = sorted(topics)
        await lifetime.until_there(
            "topics", lambda: post.bus.end_offsets(wanted), (BusUnavailable, UnknownTopic)
        )


async def _work(post: _Post, lifetime: Lifetime, loops: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run all loops until told to stop; the first that fails ends all."""
    settle_memory()
    async with asyncio.TaskGroup() as tasks:
        for loop in loops:
            tasks.create_task(loop)
        await lifetime.stop.wait()
        post.health.draining = True
