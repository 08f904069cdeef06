"""A service put together for one process: its settings, its bus, the system's clock as business clock."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NoReturn

from hotline_chassis.bus.port import Bus
from hotline_chassis.clocks import RealTime, SystemClock
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.database import TROUBLE
from hotline_chassis.migrations import is_migrated
from hotline_chassis.processes.lifetime import Lifetime
from hotline_chassis.processes.settings import KafkaSettings, ServiceSettings
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.web.auth import Verifier

Build = Callable[[Surroundings], Awaitable[Service]]
OpenBus = Callable[[KafkaSettings, SystemClock, str], Awaitable[Bus]]
"""From settings and the client's name; raises ``BusUnavailable`` while nobody answers."""


class SchemaBehind(Exception):
    """The database lacks migrations that this code needs; its ``migrate`` role has not run yet."""


class WithoutBus:
    """What a role that moves no records has for a bus: whoever asks it for anything is wrong there."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"this role has no bus to {name}")


async def open_kafka(settings: KafkaSettings, system_clock: SystemClock, client_id: str) -> Bus:
    """The production bus."""
    from hotline_chassis.bus.kafka import KafkaBus

    return await KafkaBus.connect(
        settings.bootstrap,
        system_clock,
        client_id=client_id,
        replication=settings.replication,
        min_insync=settings.min_insync,
        namespace=settings.namespace,
    )


def silent_verifier(settings: ServiceSettings, system_clock: SystemClock) -> Verifier:
    """For roles that answer nobody: knows no key and asks for none."""
    return Verifier({"keys": []}, issuer=settings.oidc.issuer, system_clock=system_clock)


def surroundings(settings: ServiceSettings, bus: Any, verifier: Verifier) -> Surroundings:
    """What the service is built with.

    Raises:
        KeysMissing: the master keys are not in their folder.
    """
    clock = RealTime()
    return Surroundings(
        dsn=settings.database.dsn,
        bus=bus,
        business_clock=clock,
        system_clock=clock,
        verifier=verifier,
        master_keys=MasterKeys.given(settings.master_keys_dir),
        site=settings.site,
    )


async def built(package: str, build: Build, outside: Surroundings, lifetime: Lifetime) -> Service:
    """The service, once its database is there and new enough for this code.

    Raises:
        Stopped: told to end before that.
    """

    async def has_schema() -> None:
        if not await is_migrated(outside.dsn, package):
            raise SchemaBehind(package)

    await lifetime.until_there("database and schema", has_schema, (SchemaBehind, *TROUBLE))
    return await lifetime.until_there("database", lambda: build(outside), TROUBLE)


def consumed(service: Service) -> Iterable[str]:
    """Topics that the service reads."""
    return service.consumer.topics if service.consumer is not None else ()
