"""The trial on one machine has the production's process layout; every check has been seen to fail on a mutant."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from hotline_chassis.clocks import RealTime
from hotline_chassis.crypto import MasterKeys
from hotline_chassis.web.auth import Verifier
from hotline_chassis.web.issuer_keys import IssuerKeys

from . import compose_checks
from .code import services
from .rendering import ROOT, Resource

CODE = services()
PROJECT = compose_checks.read(compose_checks.COMPOSE.read_text(encoding="utf-8"))

CHECKS: dict[str, Callable[[Resource], Iterable[str]]] = {
    "specification": compose_checks.unfit,
    "roles": lambda project: compose_checks.wrong_roles(project, CODE),
    "settings": lambda project: compose_checks.wrong_settings(project, CODE),
    "addresses": lambda project: compose_checks.wrong_addresses(project, CODE),
    "databases": compose_checks.wrong_databases,
    "restricted": compose_checks.unrestricted,
    "health": lambda project: compose_checks.wrong_health(project, CODE),
    "backends": compose_checks.wrong_backends,
    "secrets": compose_checks.written_secrets,
    "volumes": compose_checks.wrong_volumes,
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_trial_is_the_production_layout(check: str) -> None:
    assert list(CHECKS[check](PROJECT)) == []


def _of(project: Resource, name: str) -> dict[str, Any]:
    spec: dict[str, Any] = project["services"][name]
    return spec


def _told(project: Resource, name: str) -> dict[str, str]:
    told: dict[str, str] = _of(project, name)["environment"]
    return told


def _sql(project: Resource, text: str) -> None:
    config = project["configs"]["databases"]
    config["content"] = config["content"].replace(text, "")


MUTANTS: list[tuple[str, Callable[[Resource], Any], str]] = [
    ("specification", lambda p: _of(p, "kafka").update(imge="x"), "imge"),
    ("specification", lambda p: _of(p, "kafka").update(restart=3), "restart"),
    ("roles", lambda p: p["services"].pop("sla-svc-tick"), "sla_svc tick does not run"),
    ("roles", lambda p: _of(p, "sla-svc-tick").update(command=["sla_svc", "tock"]), "no role tock"),
    ("roles", lambda p: _of(p, "sla-svc-tick").update(command=["sla_svc", "relay"]), "runs twice"),
    ("roles", lambda p: _of(p, "sla-svc-tick").update(image="hotline/sla-svc:latest"), "runs hotline/sla-svc:latest"),
    ("roles", lambda p: _of(p, "sla-svc-tick")["build"]["args"].update(SERVICE="intake-svc"), "is built by"),
    ("settings", lambda p: _told(p, "sla-svc-tick").pop("HOTLINE_KAFKA__BOOTSTRAP"), "BOOTSTRAP: missing"),
    ("settings", lambda p: _told(p, "sla-svc-tick").update(HOTLINE_DEBUG="1"), "no such setting"),
    ("addresses", lambda p: _told(p, "gateway").update(HOTLINE_SERVICES__SLA="http://sla:8080"), "leads to http://sla"),
    ("addresses", lambda p: _told(p, "gateway").update(HOTLINE_SERVICES__SLA="http://sla-svc:80"), "leads to"),
    ("addresses", lambda p: _told(p, "sla-svc").update(HOTLINE_DATABASE__HOST="db"), "database is nowhere"),
    ("addresses", lambda p: _told(p, "sla-svc").update(HOTLINE_KAFKA__BOOTSTRAP="kafka:9093"), "broker is nowhere"),
    ("databases", lambda p: _sql(p, "CREATE DATABASE sla OWNER sla;"), "database sla"),
    ("databases", lambda p: _sql(p, "CREATE ROLE sla LOGIN PASSWORD"), "user sla"),
    ("databases", lambda p: _told(p, "sla-svc").update(HOTLINE_DATABASE__USER="intake"), "share a user"),
    ("restricted", lambda p: _of(p, "sla-svc").pop("read_only"), "not restricted"),
    ("restricted", lambda p: _of(p, "sla-svc").update(cap_drop=[]), "not restricted"),
    ("restricted", lambda p: _of(p, "sla-svc").update(user="0"), "gain privileges"),
    ("restricted", lambda p: _of(p, "gateway").update(ports=["8345:8080"]), "open to other machines"),
    ("health", lambda p: _of(p, "sla-svc-tick").update(healthcheck=_of(p, "sla-svc")["healthcheck"]), "on 8081"),
    ("health", lambda p: _of(p, "gateway").pop("healthcheck"), "on 8080"),
    ("backends", lambda p: _of(p, "kafka").update(image="apache/kafka:latest"), "the tests' is"),
    ("backends", lambda p: _told(p, "kafka").pop("KAFKA_AUTO_CREATE_TOPICS_ENABLE"), "by themselves"),
    ("backends", lambda p: _of(p, "postgres").update(image="postgres:14"), "postgres:14"),
    ("secrets", lambda p: _told(p, "postgres").update(POSTGRES_PASSWORD="hotline"), "is written here"),
    ("volumes", lambda p: _of(p, "sla-svc").update(volumes=["keys:/run/secrets/hotline-master-keys"]), "mounts"),
    ("volumes", lambda p: _of(p, "gateway").update(volumes=["issuer:/issuer"]), "mounts"),
]  # fmt: skip
"""The check, a wrong edit, and what the check must then say."""


@pytest.mark.parametrize(
    ("check", "edit", "said"), MUTANTS, ids=[f"{name}: {said}" for name, _, said in MUTANTS]
)
def test_a_wrong_trial_is_seen(check: str, edit: Callable[[Resource], Any], said: str) -> None:
    mutant = copy.deepcopy(PROJECT)
    edit(mutant)
    assert any(said in finding for finding in CHECKS[check](mutant))


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, _, _ in MUTANTS} == CHECKS.keys()


def _trial_keys(*arguments: object) -> str:
    [script] = [PROJECT["configs"]["trial-keys"]["file"]]
    ran = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / script), *map(str, arguments)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return ran.stdout.strip()


def test_the_trial_makes_keys_once_for_its_processes_to_read(tmp_path: Path) -> None:
    keys, issuer = tmp_path / "keys", tmp_path / "issuer"
    _trial_keys("make", keys, issuer)
    first = (keys / "lookup.key").read_bytes()
    _trial_keys("make", keys, issuer)

    assert (keys / "lookup.key").read_bytes() == first
    assert MasterKeys.given(keys).lookup_hash("phone", "1")
    if os.geteuid() == 0:
        assert {path.stat().st_uid for path in keys.iterdir()} == {65532}
    assert {path.name for path in keys.iterdir()} == {"lookup.key", "master-1.key", "jwks.json"}


async def test_the_trial_issues_tokens_that_its_processes_take(tmp_path: Path) -> None:
    keys, issuer = tmp_path / "keys", tmp_path / "issuer"
    _trial_keys("make", keys, issuer)
    told = PROJECT["services"]["sla-svc"]["environment"]
    address = told["HOTLINE_OIDC__JWKS_URL"].replace(told["HOTLINE_MASTER_KEYS_DIR"], str(keys))
    verifier = Verifier(
        {"keys": []},
        issuer=told["HOTLINE_OIDC__ISSUER"],
        system_clock=RealTime(),
        fetch=IssuerKeys(address).fetch,
    )
    await verifier.refresh()

    caller = await verifier.verify(_trial_keys("token", issuer, "dispatcher"))

    assert caller.roles == {"dispatcher"}
