"""The page for operators: its tables say what the code and the manifests say."""

import re
from collections.abc import Iterator, Mapping

from hotline_contracts.events.topics import TOPICS

from .code import ServiceCode
from .rendering import COMPONENT, ROOT, Resource, of_kind, pod_of, workloads

PAGE = ROOT / "docs/operations/deploy.md"


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head, without code marks."""
    _, _, below = f"\n{text}".partition(f"\n{heading}\n")
    block = next(block for block in below.split("\n\n") if block.lstrip().startswith("|"))
    rows = block.strip().splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]


def wrong_topics(text: str, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    wanted = [
        [
            topic.name,
            str(topic.partitions),
            _names(service.name for service in code.values() if topic.name in service.publishes),
            _names(service.name for service in code.values() if topic.name in service.consumes),
            "压缩" if topic.compacted else "永久",
        ]
        for topic in TOPICS.values()
    ]
    yield from _differences(table(text, "## 主题与消费组"), wanted)


def wrong_roles(text: str, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    roles = ("serve", "consume", "relay", "tick", "migrate")
    wanted = [
        [f"hotline/{service.name}", *("✓" if role in service.roles else "" for role in roles)]
        for service in code.values()
    ]
    yield from _differences(table(text, "# 部署"), wanted)


def wrong_secrets(text: str, resources: list[Resource]) -> Iterator[str]:
    """Every Secret that a manifest names is explained, and no other."""
    told = {name for name, *_ in table(text, "## 密钥")}
    used = {
        volume["secret"]["secretName"]
        for workload in workloads(resources)
        for volume in pod_of(workload)["volumes"]
        if "secret" in volume
    }
    used |= {
        each["secretName"] for ingress in of_kind(resources, "Ingress") for each in ingress["spec"]["tls"]
    }
    yield from (f"{name} is not explained" for name in sorted(used - told))
    yield from (f"{name} is not used" for name in sorted(told - used))


def wrong_first_step(text: str, resources: list[Resource]) -> Iterator[str]:
    """What is applied before the consumers: all that they need, and no Deployment."""
    [listed] = re.findall(rf"'{COMPONENT} notin \(([\w,]+)\)'", text)
    first = [
        each
        for each in resources
        if each["metadata"].get("labels", {}).get(COMPONENT) not in listed.split(",")
    ]
    if of_kind(first, "Deployment"):
        yield "Deployments are applied in the first step"
    for kind in ("ConfigMap", "ServiceAccount", "NetworkPolicy", "Service", "Job"):
        if of_kind(first, kind) != of_kind(resources, kind):
            yield f"not every {kind} is applied in the first step"


def _names(names: Iterator[str]) -> str:
    return "、".join(sorted(names)) or "—"


def _differences(found: list[list[str]], wanted: list[list[str]]) -> Iterator[str]:
    yield from (f"not so: {row}" for row in found if row not in wanted)
    yield from (f"missing: {row}" for row in wanted if row not in found)
