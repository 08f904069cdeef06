"""What ``kubectl apply -k`` would send, as plain data."""

import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).parents[2]
PROD = ROOT / "k8s/overlays/prod"
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
TMP = "/tmp"  # noqa: S108  the containers' own

Resource: TypeAlias = dict[str, Any]


class NotRendered(Exception):
    """Kustomize refused a folder."""


def render(folder: Path) -> list[Resource]:
    """The resources of a kustomization, by the kubectl of the development environment."""
    kubectl = Path(sys.executable).parent / "kubectl"
    ran = subprocess.run(
        [str(kubectl), "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    if ran.returncode or ran.stderr:
        raise NotRendered(ran.stderr)
    return list(yaml.load_all(ran.stdout, yaml.CSafeLoader))


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    return [resource for resource in resources if resource["kind"] in kinds]


def workloads(resources: list[Resource]) -> list[Resource]:
    return of_kind(resources, "Deployment", "Job")


def name_of(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


def pod_of(workload: Resource) -> dict[str, Any]:
    """The pod's spec."""
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def labels_of(workload: Resource) -> dict[str, str]:
    """The labels that its pods carry."""
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def container_of(workload: Resource) -> dict[str, Any]:
    """Every pod has one container; a second one would run unchecked."""
    [container] = pod_of(workload)["containers"]
    return dict(container)


def selected(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector matches; the empty one matches everything."""
    wanted = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise NotImplementedError(expression["operator"])
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True
