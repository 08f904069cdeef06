"""The production process layout on this machine: every role of every service a process of its own, to be killed.

Needs a PostgreSQL and a real broker. Everything else (keys, an issuer's JWKS, ports, logs) is made in a folder.
"""

import asyncio
import importlib
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.embedded_postgres import EmbeddedPostgres
from hotline_chassis.web.dev_issuer import ISSUER, DevIssuer

SERVICES: Mapping[str, str] = {
    "intake": "intake_svc",
    "routing": "routing_svc",
    "sla": "sla_svc",
    "evaluation": "evaluation_svc",
    "knowledge": "knowledge_svc",
}
"""Name, also of its database → package."""
GATEWAY = ("gateway", "serve")
LOOPBACK = "127.0.0.1"
START_SECONDS = 420.0
"""All processes start at once; where others work on the same cores, that takes its time."""

Place = tuple[str, str]
"""Service and role."""


class DidNotStart(Exception):
    """A process ended, or was not ready in time; the end of its log."""


async def until(what: str, condition: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS) -> None:
    """Wait for a condition of another process.

    Raises:
        DidNotStart: not within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - another process raises no event here
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise DidNotStart(f"not within {seconds:.0f} s: {what}") from None


@dataclass
class LayoutProcess:
    """One role, started and ended as often as a test likes.

    Attributes:
        port: where it answers /livez and /readyz (and all else, if it serves).
        log: its standard error, of all its lives.
    """

    package: str
    role: str
    port: int
    environment: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin; ``ready`` says when it is at work."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.package,
                self.role,
                stderr=log,
                stdout=log,
                env=dict(self.environment),
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def probe(self, path: str) -> tuple[int, Any]:
        """Status and body of a health probe; (0, None) while nobody listens."""
        try:
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n".encode())
                    answer = await reader.read()
                finally:
                    writer.close()
                    await writer.wait_closed()
        except OSError:
            return 0, None
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]), orjson.loads(body)) if body else (0, None)

    async def until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait for /readyz.

        Raises:
            DidNotStart: it ended, or was not ready in time.
        """

        async def is_ready() -> bool:
            if self.process is None or self.process.returncode is not None:
                raise DidNotStart(f"{self.package} {self.role}\n{self.tail()}")
            return (await self.probe("/readyz"))[0] == 200

        try:
            await until(f"{self.package} {self.role} is ready", is_ready, seconds)
        except DidNotStart as late:
            raise DidNotStart(f"{late}\n{self.tail()}") from None

    async def kill(self) -> None:
        """As ``kill -9``: no goodbye."""
        await self.end(signal.SIGKILL)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Send a signal and wait for the end: the exit code."""
        if self.process is None:
            return None
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(30):
            return await self.process.wait()

    def tail(self) -> str:
        return "\n".join(self.log.read_text().splitlines()[-20:])


@dataclass
class ProductionLayout:
    """All processes of an installation.

    Attributes:
        gateway_url: the public address.
        processes: by service and role; ``start_another`` adds replicas.
    """

    folder: Path
    gateway_url: str
    issuer: DevIssuer
    environments: Mapping[str, Mapping[str, str]]
    processes: dict[Place, LayoutProcess] = field(default_factory=dict)
    replicas: list[LayoutProcess] = field(default_factory=list)

    def token(self, *roles: str, **claims: str) -> dict[str, str]:
        """Authorization headers of a caller with these roles."""
        return {"Authorization": f"Bearer {self.issuer.issue(roles, **claims)}"}  # type: ignore[arg-type]

    def client(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.gateway_url, timeout=20, **options)

    def process(self, service: str, role: str) -> LayoutProcess:
        """A new process of a role at a free port, not yet started."""
        package = SERVICES.get(service, service)
        port = free_port()
        variable = "HOTLINE_PORT" if role == "serve" else "HOTLINE_HEALTH_PORT"
        environment = {**self.environments[service], variable: str(port)}
        return LayoutProcess(package, role, port, environment, self.folder / f"{service}-{role}-{port}.log")

    async def start_another(self, service: str, role: str) -> LayoutProcess:
        """A further replica; ended with the layout."""
        replica = self.process(service, role)
        self.replicas.append(replica)
        await replica.start()
        return replica

    async def migrate(self, *services: str) -> None:
        """Each of these services' ``migrate`` (none named: of all), at once.

        Raises:
            DidNotStart: one of them failed.
        """
        everyone = [service for service in self.environments if service != "gateway"]
        roles = [self.process(service, "migrate") for service in services or everyone]
        await asyncio.gather(*(role.start() for role in roles))
        for role in roles:
            assert role.process is not None
            async with asyncio.timeout(START_SECONDS):
                if await role.process.wait():
                    raise DidNotStart(f"{role.package} migrate\n{role.tail()}")

    async def end_all(self, how: signal.Signals = signal.SIGTERM) -> dict[str, int | None]:
        """End every process: exit codes by package and role."""
        everyone = [*self.processes.values(), *self.replicas]
        codes = await asyncio.gather(*(process.end(how) for process in everyone))
        return {f"{p.package} {p.role} {p.port}": code for p, code in zip(everyone, codes, strict=True)}

    async def kill_all(self) -> None:
        await self.end_all(signal.SIGKILL)


@asynccontextmanager
async def production_layout(
    postgres: EmbeddedPostgres,
    bootstrap: str,
    folder: Path,
    *,
    namespace: str = "",
    services: Sequence[str] = tuple(SERVICES),
) -> AsyncIterator[ProductionLayout]:
    """Migrate, start every role once, and wait until all are ready; at the end all are ended in order.

    Args:
        postgres: a running server; the databases are made there.
        bootstrap: ``host:port`` of a real broker.
        folder: for keys and logs.
        namespace: of topics and groups, on a broker that others use too.
        services: what to start besides the gateway.

    Raises:
        DidNotStart: one of them was not ready in time.
    """
    await asyncio.gather(*(postgres.ensure_database(namespaced(namespace, name)) for name in services))
    layout = _layout(postgres, bootstrap, folder, namespace, services)
    try:
        await layout.migrate()
        await asyncio.gather(*(process.start() for process in layout.processes.values()))
        await asyncio.gather(*(process.until_ready() for process in layout.processes.values()))
        yield layout
        await layout.end_all()
    finally:
        await layout.kill_all()


def _layout(
    postgres: EmbeddedPostgres, bootstrap: str, folder: Path, namespace: str, services: Sequence[str]
) -> ProductionLayout:
    folder.mkdir(parents=True, exist_ok=True)
    issuer = DevIssuer(folder / "issuer", RealTime())
    (folder / "jwks.json").write_bytes(orjson.dumps(issuer.jwks()))
    MasterKeys.in_directory(folder / "keys")
    ports = {name: free_port() for name in SERVICES}
    common = {
        **_inherited(),
        "HOTLINE_HOST": LOOPBACK,
    }
    environments = {
        name: {
            **common,
            **database_variables(postgres.dsn(namespaced(namespace, name))),
            "HOTLINE_KAFKA__BOOTSTRAP": bootstrap,
            "HOTLINE_KAFKA__REPLICATION": "1",
            "HOTLINE_KAFKA__MIN_INSYNC": "1",
            "HOTLINE_KAFKA__NAMESPACE": namespace,
            "HOTLINE_OIDC__ISSUER": ISSUER,
            "HOTLINE_OIDC__JWKS_URL": (folder / "jwks.json").as_uri(),
            "HOTLINE_MASTER_KEYS_DIR": str(folder / "keys"),
        }
        for name in services
    }
    environments["gateway"] = {
        **common,
        **{f"HOTLINE_SERVICES__{name.upper()}": f"http://{LOOPBACK}:{port}" for name, port in ports.items()},
    }
    gateway_port = free_port()
    layout = ProductionLayout(folder, f"http://{LOOPBACK}:{gateway_port}", issuer, environments)
    for service in services:
        for role in importlib.import_module(f"{SERVICES[service]}.__main__").ROLES:
            if role != "migrate":
                layout.processes[service, role] = layout.process(service, role)
        _fix_port(layout.processes[service, "serve"], ports[service])
    layout.processes[GATEWAY] = layout.process(*GATEWAY)
    _fix_port(layout.processes[GATEWAY], gateway_port)
    return layout


def _fix_port(process: LayoutProcess, port: int) -> None:
    process.port = port
    process.environment = {**process.environment, "HOTLINE_PORT": str(port)}


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}  # noqa: TID251


def database_variables(dsn: Mapping[str, Any]) -> dict[str, str]:
    """A service's database settings out of asyncpg's connection arguments."""
    variables = {
        "HOTLINE_DATABASE__HOST": str(dsn["host"]),
        "HOTLINE_DATABASE__NAME": str(dsn["database"]),
        "HOTLINE_DATABASE__USER": str(dsn["user"]),
        "HOTLINE_DATABASE__PASSWORD": str(dsn["password"]),
    }
    return {**variables, **({"HOTLINE_DATABASE__PORT": str(dsn["port"])} if "port" in dsn else {})}


def namespaced(namespace: str, name: str) -> str:
    """The name of a service's database where several layouts share a server."""
    return re.sub(r"\W", "_", namespace) + name


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
