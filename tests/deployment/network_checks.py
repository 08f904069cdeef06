"""Who may talk to whom: the policies are asked about every pair, and must permit exactly what the code needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlsplit

from .code import ServiceCode
from .rendering import COMPONENT, NAME, Resource, labels_of, of_kind, selected, workloads
from .settings_checks import settings_of
from .workload_checks import SERVES

SERVED_BY = "hotline/serves"
DNS = 53


@dataclass(frozen=True)
class Place:
    """A pod of ours, or whatever answers or asks in another namespace."""

    called: str
    labels: Mapping[str, str]
    namespace: Mapping[str, str] | None = None


OUTSIDE = {
    "dns": Place("dns", {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}),
    **{name: Place(name, {}, {SERVED_BY: name}) for name in ("ingress", "postgresql", "kafka", "identity")},
    "stranger": Place(
        "stranger", {NAME: "gateway", COMPONENT: SERVES}, {"kubernetes.io/metadata.name": "default"}
    ),
}


def needless_or_missing_ways(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    ours = [
        Place(f"{labels[NAME]} {labels[COMPONENT]}", labels)
        for labels in map(labels_of, workloads(resources))
    ]
    places = [*ours, *OUTSIDE.values()]
    rules = {place.called: _Rules(resources, place) for place in places}
    wanted = set(_needed(resources, code))
    ports = {port for _, _, port in wanted} | {80, 8443} | {service.health_port for service in code.values()}
    for source, target in product(places, places):
        if source.called == target.called or (source in OUTSIDE.values() and target in OUTSIDE.values()):
            continue
        for port in sorted(ports):
            needed = (source.called, target.called, port) in wanted
            leaves = rules[source.called].permit("Egress", target, port)
            if (leaves and rules[target.called].permit("Ingress", source, port)) != needed:
                yield f"{source.called} {'cannot' if needed else 'can'} reach {target.called} on {port}"


def _needed(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[tuple[str, str, int]]:
    """What the settings and the gateway's table of paths lead to."""
    gateway = code["gateway"]
    yield "ingress", f"gateway {SERVES}", gateway.port
    for service in gateway.calls:
        yield f"gateway {SERVES}", f"{service} {SERVES}", code[service].port
    for workload in workloads(resources):
        labels, given = labels_of(workload), settings_of(workload, resources)
        pod = f"{labels[NAME]} {labels[COMPONENT]}"
        yield pod, "dns", DNS
        if labels[NAME] == "gateway":
            continue
        yield pod, "postgresql", int(given.get("HOTLINE_DATABASE__PORT", "5432"))
        yield pod, "kafka", int(given["HOTLINE_KAFKA__BOOTSTRAP"].rpartition(":")[2])
        yield pod, "identity", _port(given["HOTLINE_OIDC__JWKS_URL"])


def _port(address: str) -> int:
    parts = urlsplit(address)
    return parts.port or {"http": 80, "https": 443}[parts.scheme]


class _Rules:
    """What the policies on one place permit, as a cluster decides: without a policy all, else what one of them says."""

    def __init__(self, resources: list[Resource], place: Place) -> None:
        on_it = [
            policy["spec"]
            for policy in of_kind(resources, "NetworkPolicy")
            if place.namespace is None and selected(policy["spec"]["podSelector"], dict(place.labels))
        ]
        self._rules = {
            direction: [rule for spec in policies for rule in spec.get(direction.lower(), [])]
            if policies
            else None
            for direction in ("Ingress", "Egress")
            for policies in [[spec for spec in on_it if direction in spec["policyTypes"]]]
        }

    def permit(self, direction: str, other: Place, port: int) -> bool:
        rules, peers = self._rules[direction], "from" if direction == "Ingress" else "to"
        return rules is None or any(
            _has_port(rule, port)
            and (peers not in rule or any(_is_peer(peer, other) for peer in rule[peers]))
            for rule in rules
        )


def _has_port(rule: Resource, port: int) -> bool:
    return "ports" not in rule or any(entry["port"] == port for entry in rule["ports"])


def _is_peer(peer: Resource, other: Place) -> bool:
    if peer.keys() - {"namespaceSelector", "podSelector"}:
        raise NotImplementedError(f"{peer} is not understood here")
    if "namespaceSelector" in peer:
        if other.namespace is None or not selected(peer["namespaceSelector"], dict(other.namespace)):
            return False
    elif other.namespace is not None:
        return False
    return "podSelector" not in peer or selected(peer["podSelector"], dict(other.labels))
