"""What the code says about its processes: which roles there are, what they must be told, what they publish and consume."""

import importlib
import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.routes import service_of
from hotline_chassis.processes.settings import (
    GatewaySettings,
    ProcessSettings,
    ServiceAddresses,
    ServiceSettings,
    variables_of,
)
from hotline_contracts.events.registry import PARTITIONS

from .rendering import ROOT


@dataclass(frozen=True)
class ServiceCode:
    """One service, as its composition has it.

    Attributes:
        variables: every setting with its default.
        calls: names of the services that it sends requests to.
    """

    name: str
    package: str
    roles: tuple[str, ...]
    settings: type[ProcessSettings]
    publishes: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()

    @property
    def variables(self) -> Mapping[str, Any]:
        return dict(variables_of(self.settings))

    @property
    def port(self) -> int:
        return int(self.variables["HOTLINE_PORT"])

    @property
    def health_port(self) -> int:
        return int(dict(variables_of(ServiceSettings))["HOTLINE_HEALTH_PORT"])

    @property
    def partitions(self) -> int:
        """How many consumers of this service can have something to do."""
        return max(PARTITIONS[topic] for topic in self.consumes)


@cache
def services() -> Mapping[str, ServiceCode]:
    """All services by name, from the workspace and their ``main`` modules."""
    found = [_service(folder.name) for folder in sorted((ROOT / "services").iterdir())]
    gateway = ServiceCode(
        "gateway",
        "gateway",
        _attribute("gateway.__main__", "ROLES"),
        GatewaySettings,
        calls=tuple(f"{name}-svc" for name in ServiceAddresses.model_fields),
    )
    return {service.name: service for service in (*found, gateway)}


def _service(name: str) -> ServiceCode:
    package = name.replace("-", "_")
    return ServiceCode(
        name,
        package,
        _attribute(f"{package}.__main__", "ROLES"),
        ServiceSettings,
        _attribute(f"{package}.main", "PUBLISHES"),
        _attribute(f"{package}.entrypoints.consumer", "TOPICS"),
    )


def _attribute(module: str, name: str) -> tuple[str, ...]:
    if importlib.util.find_spec(module) is None:
        return ()
    return tuple(getattr(importlib.import_module(module), name))


def release() -> str:
    """The version that all members have; images carry it as their tag."""
    members = [*ROOT.glob("libs/*"), *ROOT.glob("services/*"), ROOT / "gateway", ROOT]
    [version] = {
        tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
        for member in members
    }
    return str(version)


def routed_services() -> set[str]:
    """Services that the gateway's table of paths names."""
    samples = (
        "requests",
        "tickets",
        "units",
        "clocks",
        "cards",
        "follow-ups",
        "scorecards/2026-05",
        "knowledge/entries",
    )
    return {f"{service}-svc" for sample in samples if (service := service_of(f"/api/v1/{sample}"))}
