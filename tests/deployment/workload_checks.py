"""The processes: each role of each service once, restricted, probed, sized, spread and never all gone at once."""

from collections.abc import Iterator, Mapping

from .code import ServiceCode
from .rendering import (
    COMPONENT,
    NAME,
    TMP,
    Resource,
    container_of,
    labels_of,
    name_of,
    of_kind,
    pod_of,
    selected,
    workloads,
)

JOB = "migrate"
SERVES = "serve"


def role_of(workload: Resource) -> tuple[str, str]:
    labels = labels_of(workload)
    return labels.get(NAME, "?"), labels.get(COMPONENT, "?")


def missing_or_unknown_roles(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Every role of every service has exactly one workload of the right kind, which starts that very role."""
    found = [role_of(workload) for workload in workloads(resources)]
    wanted = {(service.name, role) for service in code.values() for role in service.roles}
    yield from (f"{name} {role} does not run" for name, role in sorted(wanted - set(found)))
    yield from (f"{name} has no role {role}" for name, role in sorted(set(found) - wanted))
    yield from (
        f"{name} {role} runs twice" for name, role in sorted({r for r in found if found.count(r) > 1})
    )
    for workload in workloads(resources):
        name, role = role_of(workload)
        if name in code and container_of(workload)["args"] != [code[name].package, role]:
            yield f"{name_of(workload)} starts {container_of(workload)['args']}"
        if (workload["kind"] == "Job") != (role == JOB):
            yield f"{name_of(workload)} is no workload for {role}"


def wrong_images(resources: list[Resource], code: Mapping[str, ServiceCode], version: str) -> Iterator[str]:
    """One image for each service, at this release; Jobs carry it in their names, because they cannot be changed."""
    for workload in workloads(resources):
        container = container_of(workload)
        name, _ = role_of(workload)
        if container["image"] != f"hotline/{name}:{version}":
            yield f"{name_of(workload)} runs {container['image']}"
        if workload["kind"] == "Job" and not workload["metadata"]["name"].endswith(f"-{version}"):
            yield f"{name_of(workload)} is not named after its release"
    images = {container_of(workload)["image"].split(":")[0] for workload in workloads(resources)}
    for missing in {f"hotline/{name}" for name in code} - images:
        yield f"{missing} is not used"


def unrestricted(resources: list[Resource]) -> Iterator[str]:
    """Pod Security "restricted", and a root file system that nobody can write to."""
    for workload in workloads(resources):
        pod, container = pod_of(workload), container_of(workload)
        has = {
            "runs as non-root": pod.get("securityContext", {}).get("runAsNonRoot") is True,
            "runs as the image's user": pod.get("securityContext", {}).get("runAsUser") == 65532,
            "has the default seccomp profile": pod.get("securityContext", {}).get("seccompProfile")
            == {"type": "RuntimeDefault"},
            "cannot gain privileges": container.get("securityContext", {}).get("allowPrivilegeEscalation")
            is False,
            "drops all capabilities": container.get("securityContext", {}).get("capabilities")
            == {"drop": ["ALL"]},
            "cannot write to its root": container.get("securityContext", {}).get("readOnlyRootFilesystem")
            is True,
            "has a /tmp of its own": _mount(workload, TMP) == "emptyDir",
            "has no token": pod.get("automountServiceAccountToken") is False,
            "has its service's account": pod.get("serviceAccountName") == role_of(workload)[0],
            "has no injected service variables": pod.get("enableServiceLinks") is False,
            "has no second container": not pod.get("initContainers"),
            "shares nothing of the host": not ({"hostNetwork", "hostPID", "hostIPC"} & pod.keys()),
        }
        yield from (
            f"{name_of(workload)}: not true that it {what}" for what, holds in has.items() if not holds
        )
    for account in of_kind(resources, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name_of(account)} mounts its token"
    for namespace in of_kind(resources, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name_of(namespace)} does not enforce the restricted profile"


def _mount(workload: Resource, path: str) -> str:
    """The kind of volume that is mounted at a path."""
    names = [
        mount["name"]
        for mount in container_of(workload).get("volumeMounts", [])
        if mount["mountPath"] == path
    ]
    volumes = [volume for volume in pod_of(workload).get("volumes", []) if volume["name"] in names]
    return next((kind for volume in volumes for kind in volume if kind != "name"), "nothing")


def unprobed(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Start and life are asked at /livez, readiness at /readyz, on the port where that role answers."""
    for workload in of_kind(resources, "Deployment"):
        name, role = role_of(workload)
        container = container_of(workload)
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        wanted = code[name].port if role == SERVES else code[name].health_port
        for probe, path in (
            ("startupProbe", "/livez"),
            ("livenessProbe", "/livez"),
            ("readinessProbe", "/readyz"),
        ):
            asked = container.get(probe, {}).get("httpGet", {})
            if asked.get("path") != path or ports.get(asked.get("port"), asked.get("port")) != wanted:
                yield f"{name_of(workload)}: {probe} asks {asked}, not {path} on {wanted}"


def unsized(resources: list[Resource]) -> Iterator[str]:
    for workload in workloads(resources):
        resource = container_of(workload).get("resources", {})
        if not {"cpu", "memory"} <= resource.get("requests", {}).keys():
            yield f"{name_of(workload)} requests no cpu or no memory"
        if "memory" not in resource.get("limits", {}):
            yield f"{name_of(workload)} has no memory limit"


def unsafe_rollouts(resources: list[Resource]) -> Iterator[str]:
    """New pods are ready before old ones go; a drain takes one at a time; replicas lie apart."""
    budgets = of_kind(resources, "PodDisruptionBudget")
    for deployment in of_kind(resources, "Deployment"):
        labels, name = labels_of(deployment), name_of(deployment)
        if deployment["spec"].get("strategy", {}).get("rollingUpdate") != {
            "maxSurge": 1,
            "maxUnavailable": 0,
        }:
            yield f"{name} may be short of pods during a rollout"
        if [b["spec"].get("maxUnavailable") for b in budgets if selected(b["spec"]["selector"], labels)] != [
            1
        ]:
            yield f"{name} has not exactly one budget of one pod"
        spread = pod_of(deployment).get("topologySpreadConstraints", [])
        apart = {
            rule["topologyKey"]
            for rule in spread
            if rule["labelSelector"]["matchLabels"].items() <= labels.items()
        }
        if apart != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{name} is not spread over zones and nodes"
        if any(rule["labelSelector"]["matchLabels"].keys() != {NAME, COMPONENT} for rule in spread):
            yield f"{name} counts other pods when it spreads"


def wrong_selectors(resources: list[Resource]) -> Iterator[str]:
    """Deployments and budgets select the pods that they are named after, and nothing else."""
    deployments = of_kind(resources, "Deployment")
    for selecting in (*deployments, *of_kind(resources, "PodDisruptionBudget")):
        selector = selecting["spec"]["selector"]
        chosen = [each["metadata"]["name"] for each in deployments if selected(selector, labels_of(each))]
        if chosen != [selecting["metadata"]["name"]]:
            yield f"{name_of(selecting)} selects {chosen}"


def wrong_addresses(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Each service has one address, which leads to its pods that serve, at the port where they do."""
    found = of_kind(resources, "Service")
    for service in found:
        name, spec = service["metadata"]["name"], service["spec"]
        selector = {"matchLabels": spec["selector"]}
        chosen = [role_of(each) for each in workloads(resources) if selected(selector, labels_of(each))]
        if chosen != [(name, SERVES)]:
            yield f"{name_of(service)} selects {chosen}"
        [port] = spec["ports"]
        if name in code and (port["port"], port["targetPort"]) != (code[name].port, "http"):
            yield f"{name_of(service)} leads to {port}"
    for absent in code.keys() - {service["metadata"]["name"] for service in found}:
        yield f"Service/{absent} is missing"


def wrong_numbers(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Two of everything at least; either an autoscaler or a number decides; beyond two, no consumer without a partition."""
    scaled = {
        h["spec"]["scaleTargetRef"]["name"]: h["spec"] for h in of_kind(resources, "HorizontalPodAutoscaler")
    }
    for deployment in of_kind(resources, "Deployment"):
        name, role = role_of(deployment)
        scaler, replicas = (
            scaled.pop(deployment["metadata"]["name"], None),
            deployment["spec"].get("replicas"),
        )
        if (scaler is None) == (replicas is None):
            yield f"{name_of(deployment)} is counted by an autoscaler and a number, or by neither"
        least, most = (
            (scaler["minReplicas"], scaler["maxReplicas"]) if scaler else (replicas or 1, replicas or 1)
        )
        if least < 2:
            yield f"{name_of(deployment)} may have a single pod"
        if role == "consume" and name in code and most > max(2, code[name].partitions):
            yield f"{name_of(deployment)} has more pods than partitions"
    yield from (f"an autoscaler scales {name}, which is not there" for name in scaled)
