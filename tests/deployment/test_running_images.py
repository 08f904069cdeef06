"""A container started as the manifests say: it answers its probes where they ask, waits for what is not there, and ends."""

import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from .rendering import Resource, container_of, name_of, workloads
from .settings_checks import secret_files_of, settings_of
from .workload_checks import role_of

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("images")]

NOWHERE = {
    "HOTLINE_HOST": "127.0.0.1",
    "HOTLINE_DATABASE__HOST": "127.0.0.1",
    "HOTLINE_DATABASE__PORT": "1",
    "HOTLINE_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    "HOTLINE_OIDC__JWKS_URL": "http://127.0.0.1:1/jwks.json",
}
"""Instead of the cluster's addresses: nothing answers there."""
STARTED = {
    f"Deployment/{name}"
    for name in ("gateway-serve", "sla-svc-serve", "sla-svc-consume", "sla-svc-relay", "sla-svc-tick")
}
PORT_OF = {"http": "HOTLINE_PORT", "health": "HOTLINE_HEALTH_PORT"}


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    probes: Mapping[str, str]
    """The address that each probe asks."""


@contextmanager
def started(workload: Resource, resources: list[Resource], image: Path, scratch: Path) -> Iterator[Running]:
    container, told = container_of(workload), settings_of(workload, resources)
    [port] = container["ports"]
    variable, free = PORT_OF[port["name"]], _free_port()
    told |= {name: value for name, value in NOWHERE.items() if name in told or name == "HOTLINE_HOST"}
    told |= {variable: str(free), "HOTLINE_SECRETS_DIR": str(_secrets(scratch, workload))}
    if "HOTLINE_MASTER_KEYS_DIR" in told:
        told["HOTLINE_MASTER_KEYS_DIR"] = str(_master_keys(scratch))
    process = subprocess.Popen([str(image / "bin/python"), "-m", *container["args"]], cwd="/", env=told)
    try:
        yield Running(
            process,
            {
                probe: f"http://127.0.0.1:{free}{container[probe]['httpGet']['path']}"
                for probe in ("startupProbe", "livenessProbe", "readinessProbe")
            },
        )
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _secrets(scratch: Path, workload: Resource) -> Path:
    folder = scratch / "secrets"
    folder.mkdir(parents=True)
    for name in secret_files_of(workload):
        (folder / name).write_text("not-needed", encoding="utf-8")
    return folder


def _master_keys(scratch: Path) -> Path:
    folder = scratch / "keys"
    folder.mkdir(parents=True)
    for name in ("lookup.key", "master-1.key"):
        (folder / name).write_bytes(secrets.token_bytes(32))
    return folder


def test_containers_answer_their_probes_and_wait_for_their_neighbours(
    prod: list[Resource], images: Mapping[str, Path], tmp_path: Path
) -> None:
    """All at once, because a start takes its time."""
    chosen = {name_of(each): each for each in workloads(prod) if name_of(each) in STARTED}
    assert chosen.keys() == STARTED
    with ExitStack() as stack:
        client = stack.enter_context(
            httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=60, trust_env=False)
        )
        running = {
            name: stack.enter_context(
                started(workload, prod, images[role_of(workload)[0]], tmp_path / name.partition("/")[2])
            )
            for name, workload in chosen.items()
        }
        for name, each in running.items():
            answers = {probe: client.get(address).status_code for probe, address in each.probes.items()}
            assert answers == {"startupProbe": 200, "livenessProbe": 200, "readinessProbe": 503}, name

        for each in running.values():
            each.process.send_signal(signal.SIGTERM)
        assert {name: each.process.wait(timeout=60) for name, each in running.items()} == dict.fromkeys(
            STARTED, 0
        )
