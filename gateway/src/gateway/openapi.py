"""One OpenAPI document out of the services' own: equal models are shared, unequal ones get their service's name."""

import copy
import json
from collections.abc import Mapping
from typing import Any

_REF = "#/components/schemas/"


def joined(documents: Mapping[str, dict[str, Any]], *, title: str, version: str) -> dict[str, Any]:
    """Join documents, by service name, into one.

    Raises:
        ValueError: two services document the same path and method.
    """
    result: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": {},
        "components": {"schemas": {}, "securitySchemes": {}},
    }
    for service, document in documents.items():
        _add(result, service, copy.deepcopy(document))
    return result


def _add(result: dict[str, Any], service: str, document: dict[str, Any]) -> None:
    components = document.get("components", {})
    renamed = _add_schemas(result["components"]["schemas"], service, components.get("schemas", {}))
    result["components"]["securitySchemes"].update(components.get("securitySchemes", {}))
    for path, methods in document.get("paths", {}).items():
        target = result["paths"].setdefault(path, {})
        if both := target.keys() & methods.keys():
            raise ValueError(f"{path} {sorted(both)} is documented twice, again by {service}")
        target.update(_with_refs(methods, renamed))


def _add_schemas(known: dict[str, Any], service: str, schemas: dict[str, Any]) -> dict[str, str]:
    """Add a service's models; returns the new names of those that differ from a known one."""
    renamed: dict[str, str] = {}
    while True:
        # A model is equal only if what it refers to is: renaming one may make another one differ.
        clash = {
            name
            for name, schema in schemas.items()
            if name not in renamed and name in known and not _same(known[name], _with_refs(schema, renamed))
        }
        if not clash:
            break
        renamed |= {name: f"{service.capitalize()}{name}" for name in clash}
    for name, schema in schemas.items():
        known[renamed.get(name, name)] = _with_refs(schema, renamed)
    return renamed


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _with_refs(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _REF + renamed.get(inner.removeprefix(_REF), inner.removeprefix(_REF))
            if key == "$ref" and isinstance(inner, str)
            else _with_refs(inner, renamed)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_with_refs(inner, renamed) for inner in value]
    return value
