"""The roles of the production layout without a broker: the same code, another bus, in one process."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

import httpx
import orjson
import pytest

from hotline_chassis.bus.embedded import EmbeddedBus
from hotline_chassis.bus.memory import MemoryBus
from hotline_chassis.bus.port import Bus
from hotline_chassis.clocks import RealTime, SystemClock
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.processes.awaited import AWAITED
from hotline_chassis.processes.lifetime import Lifetime
from hotline_chassis.processes.migrating import topics_of
from hotline_chassis.processes.roles import ServiceRoles
from hotline_chassis.processes.settings import KafkaSettings, ServiceSettings
from hotline_chassis.service import Service, Surroundings
from hotline_chassis.testing.postgres import DatabaseFactory
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.dev_issuer import ISSUER, DevIssuer
from hotline_contracts.events.registry import PARTITIONS
from tests.load.production_layout import SERVICES, free_port, until


class Installation:
    """Settings of every service around one embedded bus, and what runs of it."""

    def __init__(self, folder: Path, bus_dsn: dict[str, object]) -> None:
        self.issuer = DevIssuer(folder / "issuer", RealTime())
        self.lifetime = Lifetime(RealTime())
        self.settings: dict[str, ServiceSettings] = {}
        self._folder = folder
        self._bus_dsn = bus_dsn
        self._running: list[asyncio.Task[None]] = []
        (folder / "jwks.json").write_bytes(orjson.dumps(self.issuer.jwks()))
        MasterKeys.in_directory(folder / "keys")

    def add(self, service: str, dsn: dict[str, object]) -> None:
        self.settings[service] = ServiceSettings.model_validate(
            {
                "host": "127.0.0.1",
                "port": free_port(),
                "health_port": free_port(),
                "database": {
                    "host": dsn["host"],
                    "port": dsn["port"],
                    "name": dsn["database"],
                    "user": dsn["user"],
                    "password": dsn["password"],
                },
                "kafka": {"bootstrap": "none"},
                "oidc": {"issuer": ISSUER, "jwks_url": (self._folder / "jwks.json").as_uri()},
                "master_keys_dir": self._folder / "keys",
            }
        )

    async def _open_bus(self, _: KafkaSettings, system_clock: SystemClock, __: str) -> Bus:
        return await EmbeddedBus.connect(self._bus_dsn, system_clock)

    def role(self, service: str, role: str) -> Callable[[ServiceSettings, Lifetime], Awaitable[None]]:
        package = SERVICES[service]
        build = import_module(f"{package}.main").build
        return ServiceRoles(package, build, open_bus=self._open_bus).named([role])[role]

    async def do(self, service: str, role: str) -> None:
        await self.role(service, role)(self.settings[service], self.lifetime)

    def begin(self, service: str, role: str) -> None:
        self._running.append(asyncio.create_task(self.do(service, role)))

    async def end(self) -> None:
        """As SIGTERM does.

        Raises:
            Exception: what a role ended with.
        """
        self.lifetime.stop.set()
        async with asyncio.timeout(20):
            await asyncio.gather(*self._running)


@pytest.mark.timeout(300)
async def test_a_request_becomes_a_ticket_through_the_roles_of_two_services(
    tmp_path: Path, database_factory: DatabaseFactory
) -> None:
    city = Installation(tmp_path, await database_factory(None))
    for service in SERVICES:
        city.add(service, await database_factory(None))
    for service, role in (
        ("intake", "serve"),
        ("routing", "serve"),
        ("routing", "consume"),
        ("intake", "relay"),
    ):
        city.begin(service, role)  # before anything is migrated: they wait
    await asyncio.gather(*(city.do(service, "migrate") for service in [*SERVICES, "sla"]))
    intake, routing = (f"http://127.0.0.1:{city.settings[name].port}" for name in ("intake", "routing"))
    async with httpx.AsyncClient(timeout=20) as client:

        async def ready() -> bool:
            try:
                return all([(await client.get(f"{s}/readyz")).status_code == 200 for s in (intake, routing)])
            except httpx.TransportError:
                return False

        await until("both serve", ready, 60)
        answer = await client.post(
            f"{intake}/api/v1/requests",
            json={"channel": "phone", "type": "help", "subject": "路灯不亮", "description": "三天不亮。"},
            headers={"Authorization": f"Bearer {city.issuer.issue(['agent'])}"},
        )
        assert answer.status_code == 201, answer.text
        ticket = f"{routing}/api/v1/tickets/{answer.json()['ticket_id']}"
        headers = {"Authorization": f"Bearer {city.issuer.issue(['dispatcher'])}"}

        async def is_there() -> bool:
            return (await client.get(ticket, headers=headers)).status_code == 200

        await until("the ticket is there", is_there, 60)
    await city.end()


async def built_services(tmp_path: Path, database_factory: DatabaseFactory) -> dict[str, Service]:
    clock = RealTime()
    services: dict[str, Service] = {}
    for name, package in SERVICES.items():
        outside = Surroundings(
            dsn=await database_factory(package),
            bus=MemoryBus(clock),
            business_clock=clock,
            system_clock=clock,
            verifier=Verifier({"keys": []}, issuer="", system_clock=clock),
            master_keys=MasterKeys.in_directory(tmp_path),
            site="5204",
        )
        services[name] = await import_module(f"{package}.main").build(outside)
    return services


async def test_tables_of_the_layout_are_true_of_the_services(
    tmp_path: Path, database_factory: DatabaseFactory
) -> None:
    """Watermarks of what some timer waits for; every topic made by its one writer; roles as there are parts."""
    services = await built_services(tmp_path, database_factory)
    awaited = {topic for service in services.values() if service.timer for topic in service.timer.topics}
    assert awaited == AWAITED
    made = [topic for service in services.values() for topic in service.publishes]
    assert sorted(made) == sorted(PARTITIONS)
    for name, service in services.items():
        assert set(service.publishes) <= topics_of(service).keys()
        roles = set(import_module(f"{SERVICES[name]}.__main__").ROLES)
        assert ("consume" in roles) == (service.consumer is not None)
        assert ("tick" in roles) == (service.timer is not None) == bool(service.background)
        await service.database.close()
