"""The rendered production manifests agree with the code; every check has been seen to fail on a mutant."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from . import network_checks, schema_checks, settings_checks, workload_checks
from .code import release, services
from .manifest_mutants import MUTANTS
from .rendering import Resource

CODE = services()
Check = Callable[[list[Resource]], Iterable[str]]

CHECKS: dict[str, Check] = {
    "schemas": schema_checks.unfit,
    "doubled": schema_checks.doubled,
    "namespace": schema_checks.outside_the_namespace,
    "secret values": schema_checks.secret_values,
    "roles": lambda resources: workload_checks.missing_or_unknown_roles(resources, CODE),
    "images": lambda resources: workload_checks.wrong_images(resources, CODE, release()),
    "restricted": workload_checks.unrestricted,
    "probes": lambda resources: workload_checks.unprobed(resources, CODE),
    "sizes": workload_checks.unsized,
    "rollouts": workload_checks.unsafe_rollouts,
    "selectors": workload_checks.wrong_selectors,
    "services": lambda resources: workload_checks.wrong_addresses(resources, CODE),
    "numbers": lambda resources: workload_checks.wrong_numbers(resources, CODE),
    "settings": lambda resources: settings_checks.wrong_settings(resources, CODE),
    "databases": settings_checks.shared_databases,
    "gateway's addresses": lambda resources: settings_checks.unreachable_services(resources, CODE),
    "network": lambda resources: network_checks.needless_or_missing_ways(resources, CODE),
}


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_deployed_agrees_with_the_code(prod: list[Resource], check: str) -> None:
    assert list(CHECKS[check](prod)) == []


@pytest.mark.parametrize(
    ("check", "edit", "said"), MUTANTS, ids=[f"{name}: {said}" for name, _, said in MUTANTS]
)
def test_a_wrong_manifest_is_seen(
    prod: list[Resource], check: str, edit: Callable[[list[Resource]], Any], said: str
) -> None:
    mutant = copy.deepcopy(prod)
    edit(mutant)
    assert any(said in finding for finding in CHECKS[check](mutant))


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, _, _ in MUTANTS} == CHECKS.keys()
