"""Every resource against the schema of its kind, strictly; a kind without a schema is refused, not passed over."""

import json
from collections.abc import Iterator
from functools import cache

import kubernetes_validate  # type: ignore[import-untyped]

from .rendering import Resource, name_of

VERSIONS = ("1.31", kubernetes_validate.latest_version())
"""The oldest cluster we promise (docs/operations/deploy.md) and the newest that is known."""


def unfit(resources: list[Resource]) -> Iterator[str]:
    for resource in resources:
        for version in VERSIONS:
            yield from _unfit(json.dumps(resource), version)


@cache
def _unfit(text: str, version: str) -> tuple[str, ...]:
    """Remembered by the resource's text: every look reads all schemas of a version anew."""
    resource = json.loads(text)
    try:
        kubernetes_validate.validate(resource, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as missing:
        return (f"{name_of(resource)}: {missing.message}",)
    except kubernetes_validate.ValidationError as wrong:
        return (f"{name_of(resource)}: {'.'.join(map(str, wrong.path))}: {wrong.message}",)
    return ()


def doubled(resources: list[Resource]) -> Iterator[str]:
    names = [name_of(resource) for resource in resources]
    yield from (
        f"{name} is there twice" for name in sorted({name for name in names if names.count(name) > 1})
    )


def outside_the_namespace(resources: list[Resource]) -> Iterator[str]:
    for resource in resources:
        if resource["kind"] != "Namespace" and resource["metadata"].get("namespace") != "hotline":
            yield f"{name_of(resource)} lies outside the namespace"


def secret_values(resources: list[Resource]) -> Iterator[str]:
    """Secrets are named, never written: neither as such nor as a setting."""
    for resource in resources:
        if resource["kind"] == "Secret":
            yield f"{name_of(resource)} is in the repository"
        if resource["kind"] == "ConfigMap":
            for key in resource["data"]:
                if any(word in key for word in ("PASSWORD", "SECRET", "TOKEN")):
                    yield f"{name_of(resource)} holds {key}"
