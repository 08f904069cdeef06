"""Wrong edits of the rendered manifests: for each check, and what it must say of them."""

from collections.abc import Callable
from typing import Any

from .rendering import Resource, name_of, pod_of


def the(resources: list[Resource], name: str) -> Resource:
    [found] = [resource for resource in resources if name_of(resource) == name]
    return found


def config(resources: list[Resource], service: str) -> dict[str, str]:
    [found] = [r for r in resources if name_of(r).startswith(f"ConfigMap/{service}-settings-")]
    data: dict[str, str] = found["data"]
    return data


def pod(resources: list[Resource], name: str) -> dict[str, Any]:
    return pod_of(the(resources, name))


def container(resources: list[Resource], name: str) -> dict[str, Any]:
    found: dict[str, Any] = pod(resources, name)["containers"][0]
    return found


def drop(resources: list[Resource], name: str) -> None:
    resources.remove(the(resources, name))


def add(resources: list[Resource], resource: Resource) -> None:
    resources.append(resource)


def _no_probe_port(resources: list[Resource]) -> None:
    container(resources, "Deployment/sla-svc-tick")["ports"][0]["containerPort"] = 8080


MUTANTS: list[tuple[str, Callable[[list[Resource]], Any], str]] = [
    ("schemas", lambda r: the(r, "Service/gateway")["spec"].update(selectr={}), "Service/gateway"),
    ("schemas", lambda r: add(r, {"apiVersion": "kafka.strimzi.io/v1", "kind": "Kafka", "metadata": {"name": "x"}}), "find schema"),
    ("schemas", lambda r: the(r, "Ingress/gateway").update(apiVersion="extensions/v1beta1"), "find schema"),
    ("schemas", lambda r: container(r, "Deployment/gateway-serve").update(args="gateway serve"), "Deployment/gateway-serve"),
    ("doubled", lambda r: add(r, the(r, "Service/gateway")), "there twice"),
    ("namespace", lambda r: the(r, "Service/gateway")["metadata"].update(namespace="default"), "outside"),
    ("secret values", lambda r: add(r, {"kind": "Secret", "metadata": {"name": "x"}}), "Secret/x"),
    ("secret values", lambda r: config(r, "sla-svc").update(HOTLINE_DATABASE__PASSWORD="x"), "PASSWORD"),
    ("roles", lambda r: drop(r, "Deployment/sla-svc-tick"), "sla-svc tick does not run"),
    ("roles", lambda r: add(r, the(r, "Deployment/sla-svc-tick")), "sla-svc tick runs twice"),
    ("roles", lambda r: the(r, "Deployment/intake-svc-relay")["spec"]["template"]["metadata"]["labels"].update({"app.kubernetes.io/component": "consume"}), "intake-svc has no role consume"),
    ("roles", lambda r: container(r, "Deployment/sla-svc-tick").update(args=["sla_svc", "relay"]), "starts ['sla_svc', 'relay']"),
    ("roles", lambda r: the(r, "Deployment/sla-svc-tick").update(kind="Job"), "no workload for tick"),
    ("images", lambda r: container(r, "Deployment/sla-svc-tick").update(image="hotline/sla-svc:latest"), "runs hotline/sla-svc:latest"),
    ("images", lambda r: container(r, "Deployment/sla-svc-tick").update(image="hotline/intake-svc:0.1.0"), "runs hotline/intake-svc"),
    ("images", lambda r: the(r, "Job/sla-svc-migrate-0.1.0")["metadata"].update(name="sla-svc-migrate-0.0.9"), "not named after"),
    ("images", lambda r: drop(r, "Deployment/gateway-serve"), "hotline/gateway is not used"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick")["securityContext"].update(runAsNonRoot=False), "non-root"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick")["securityContext"].update(runAsUser=0), "image's user"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick")["securityContext"].pop("seccompProfile"), "seccomp"),
    ("restricted", lambda r: container(r, "Job/sla-svc-migrate-0.1.0").pop("securityContext"), "capabilities"),
    ("restricted", lambda r: container(r, "Job/sla-svc-migrate-0.1.0")["securityContext"].update(allowPrivilegeEscalation=True), "privileges"),
    ("restricted", lambda r: container(r, "Deployment/sla-svc-tick")["securityContext"].update(readOnlyRootFilesystem=False), "write to its root"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick")["volumes"][-1].update(emptyDir=None, name="x"), "a /tmp of its own"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick").pop("automountServiceAccountToken"), "token"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick").update(serviceAccountName="default"), "account"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick").pop("enableServiceLinks"), "service variables"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick").update(initContainers=[{"name": "x"}]), "second container"),
    ("restricted", lambda r: pod(r, "Deployment/sla-svc-tick").update(hostNetwork=True), "host"),
    ("restricted", lambda r: the(r, "ServiceAccount/gateway").pop("automountServiceAccountToken"), "mounts its token"),
    ("restricted", lambda r: the(r, "Namespace/hotline")["metadata"].update(labels={}), "restricted profile"),
    ("probes", lambda r: container(r, "Deployment/gateway-serve").pop("livenessProbe"), "livenessProbe"),
    ("probes", lambda r: container(r, "Deployment/gateway-serve")["readinessProbe"]["httpGet"].update(path="/livez"), "readinessProbe"),
    ("probes", _no_probe_port, "on 8081"),
    ("sizes", lambda r: container(r, "Job/sla-svc-migrate-0.1.0")["resources"]["requests"].pop("cpu"), "requests no cpu"),
    ("sizes", lambda r: container(r, "Job/sla-svc-migrate-0.1.0")["resources"].pop("limits"), "memory limit"),
    ("rollouts", lambda r: the(r, "Deployment/sla-svc-tick")["spec"].update(strategy={"type": "Recreate"}), "short of pods"),
    ("rollouts", lambda r: drop(r, "PodDisruptionBudget/sla-svc-tick"), "budget"),
    ("rollouts", lambda r: the(r, "PodDisruptionBudget/sla-svc-tick")["spec"].update(maxUnavailable=0), "budget"),
    ("rollouts", lambda r: pod(r, "Deployment/sla-svc-tick")["topologySpreadConstraints"].pop(), "not spread"),
    ("rollouts", lambda r: pod(r, "Deployment/sla-svc-tick")["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].popitem(), "counts other pods"),
    ("selectors", lambda r: the(r, "Deployment/sla-svc-tick")["spec"]["selector"]["matchLabels"].pop("app.kubernetes.io/component"), "Deployment/sla-svc-tick selects"),
    ("selectors", lambda r: the(r, "PodDisruptionBudget/sla-svc-tick")["spec"]["selector"]["matchLabels"].pop("app.kubernetes.io/component"), "PodDisruptionBudget/sla-svc-tick selects"),
    ("services", lambda r: the(r, "Service/sla-svc")["spec"]["selector"].pop("app.kubernetes.io/component"), "Service/sla-svc selects"),
    ("services", lambda r: the(r, "Service/sla-svc")["spec"]["ports"][0].update(port=80), "leads to"),
    ("services", lambda r: drop(r, "Service/sla-svc"), "Service/sla-svc is missing"),
    ("numbers", lambda r: the(r, "Deployment/sla-svc-tick")["spec"].update(replicas=1), "a single pod"),
    ("numbers", lambda r: the(r, "Deployment/sla-svc-consume")["spec"].update(replicas=5), "more pods than partitions"),
    ("numbers", lambda r: the(r, "Deployment/sla-svc-serve")["spec"].update(replicas=2), "an autoscaler and a number"),
    ("numbers", lambda r: drop(r, "HorizontalPodAutoscaler/sla-svc-serve"), "by neither"),
    ("numbers", lambda r: the(r, "HorizontalPodAutoscaler/sla-svc-serve")["spec"].update(minReplicas=1), "a single pod"),
    ("numbers", lambda r: the(r, "HorizontalPodAutoscaler/sla-svc-serve")["spec"]["scaleTargetRef"].update(name="x"), "scales x"),
    ("settings", lambda r: config(r, "sla-svc").update(HOTLINE_KAFKA__SERVERS="x"), "HOTLINE_KAFKA__SERVERS: no such setting"),
    ("settings", lambda r: config(r, "sla-svc").pop("HOTLINE_OIDC__ISSUER"), "HOTLINE_OIDC__ISSUER: missing"),
    ("settings", lambda r: config(r, "gateway").pop("HOTLINE_SERVICES__SLA"), "HOTLINE_SERVICES__SLA: missing"),
    ("settings", lambda r: container(r, "Deployment/sla-svc-tick").update(envFrom=[]), "HOTLINE_KAFKA__BOOTSTRAP: missing"),
    ("settings", lambda r: container(r, "Deployment/sla-svc-tick")["envFrom"][0]["configMapRef"].update(name="x"), "missing"),
    ("settings", lambda r: container(r, "Deployment/sla-svc-tick").update(env=[{"name": "HOTLINE_DEBUG", "value": "1"}]), "HOTLINE_DEBUG: no such setting"),
    ("settings", lambda r: pod(r, "Deployment/sla-svc-tick")["volumes"][0]["secret"]["items"][0].update(path="PASSWORD"), "HOTLINE_DATABASE__PASSWORD: missing"),
    ("settings", lambda r: pod(r, "Deployment/sla-svc-tick")["volumes"][0]["secret"].update(secretName="intake-svc-database"), "comes from intake-svc-database"),
    ("settings", lambda r: container(r, "Deployment/sla-svc-tick")["volumeMounts"][0].pop("readOnly"), "not read-only"),
    ("settings", lambda r: config(r, "sla-svc").update(HOTLINE_MASTER_KEYS_DIR="/keys"), "no master keys in /keys"),
    ("settings", lambda r: config(r, "sla-svc").update(HOTLINE_KAFKA__REPLICATION="three"), "HOTLINE_KAFKA__REPLICATION"),
    ("settings", lambda r: config(r, "gateway").update(HOTLINE_SERVICES__SLA="sla-svc:8080"), "must begin with http"),
    ("databases", lambda r: config(r, "sla-svc").update(HOTLINE_DATABASE__NAME="intake"), "NAME=intake"),
    ("databases", lambda r: config(r, "sla-svc").update(HOTLINE_DATABASE__USER="intake"), "USER=intake"),
    ("gateway's addresses", lambda r: config(r, "gateway").update(HOTLINE_SERVICES__SLA="http://sla:8080"), "http://sla:8080"),
    ("gateway's addresses", lambda r: the(r, "Service/sla-svc")["spec"]["ports"][0].update(port=80), "http://sla-svc:80"),
    ("network", lambda r: drop(r, "NetworkPolicy/nothing"), "stranger can reach sla-svc consume on 8081"),
    ("network", lambda r: drop(r, "NetworkPolicy/names"), "cannot reach dns on 53"),
    ("network", lambda r: drop(r, "NetworkPolicy/public-to-gateway"), "ingress cannot reach gateway serve on 8080"),
    ("network", lambda r: drop(r, "NetworkPolicy/gateway-to-services"), "gateway serve cannot reach sla-svc serve on 8080"),
    ("network", lambda r: drop(r, "NetworkPolicy/services-from-gateway"), "gateway serve cannot reach sla-svc serve on 8080"),
    ("network", lambda r: drop(r, "NetworkPolicy/services-to-backends"), "sla-svc migrate cannot reach kafka on 9092"),
    ("network", lambda r: the(r, "NetworkPolicy/services-from-gateway")["spec"]["ingress"][0].pop("from"), "stranger can reach sla-svc serve on 8080"),
    ("network", lambda r: the(r, "NetworkPolicy/services-to-backends")["spec"]["egress"][0].pop("ports"), "sla-svc serve can reach postgresql on 80"),
    ("network", lambda r: the(r, "NetworkPolicy/services-to-backends")["spec"].update(podSelector={}), "gateway serve can reach postgresql on 5432"),
    ("network", lambda r: config(r, "sla-svc").update(HOTLINE_DATABASE__PORT="6432"), "cannot reach postgresql on 6432"),
    ("network", lambda r: config(r, "sla-svc").update(HOTLINE_OIDC__JWKS_URL="http://x/jwks"), "cannot reach identity on 80"),
]  # fmt: skip
"""The check, a wrong edit, and what the check must then say."""
