"""A container started as the manifests say: it answers its probes where they ask, waits for what is not there, and ends."""

import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    folder.mkdir()
    for name in secret_files_of(workload):
        (folder / name).write_text("not-needed", encoding="utf-8")
    return folder


def _master_keys(scratch: Path) -> Path:
    folder = scratch / "keys"
    folder.mkdir()
    for name in ("lookup.key", "master-1.key"):
        (folder / name).write_bytes(secrets.token_bytes(32))
    return folder


@pytest.mark.parametrize(
    "name",
    ["gateway-serve", "sla-svc-serve", "sla-svc-consume", "sla-svc-relay", "sla-svc-tick"],
)
def test_a_container_answers_its_probes_and_waits_for_its_neighbours(
    prod: list[Resource], images: Mapping[str, Path], name: str, tmp_path: Path
) -> None:
    [workload] = [each for each in workloads(prod) if name_of(each) == f"Deployment/{name}"]
    service, _ = role_of(workload)
    with (
        started(workload, prod, images[service], tmp_path) as running,
        httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=60, trust_env=False) as client,
    ):
        answers = {probe: client.get(address) for probe, address in running.probes.items()}
        assert {probe: answer.status_code for probe, answer in answers.items()} == {
            "startupProbe": 200,
            "livenessProbe": 200,
            "readinessProbe": 503,
        }

        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=60) == 0
