"""What the OpenAPI document says about problems, tokens and idempotency keys."""

from collections.abc import Collection, Iterable
from typing import Any

from hotline_chassis.web.problems import PROBLEM_JSON
from hotline_contracts.problems import PROBLEMS, Refusal

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem document.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:hotline:problem:[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "description": "Bad input only: where and why, never the value.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "pointer", "message"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
                    "pointer": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "state": {"description": "Not allowed in this state: the state.", "type": "string"},
        "allowed": {
            "description": "Not allowed in this state: all actions that are, sorted.",
            "type": "array",
            "items": {"type": "string"},
        },
    },
}
SECURITY_SCHEME = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
IDEMPOTENCY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Same key, same body: the stored answer with `Idempotency-Replayed: true` (7 days).",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_WRITING = ("malformed-body", "body-too-large", "unsupported-media-type")
_KEYED = ("idempotency-key-reused", "idempotency-in-progress")


def usual(method: str, *, signed_in: bool) -> list[str]:
    """Slugs that any route of this kind can answer with."""
    writes = method != "GET"
    return [
        *(("unauthenticated", "forbidden") if signed_in else ()),
        "invalid-input",
        *(_WRITING if writes else ()),
        *(_KEYED if writes and signed_in else ()),
    ]


def operation(method: str, roles: Collection[str]) -> dict[str, Any]:
    """What a route adds to its operation: roles, the bearer token, the idempotency key."""
    extra: dict[str, Any] = {"x-roles": sorted(roles)}
    if roles:
        extra["security"] = [{"bearer": []}]
        if method != "GET":
            extra["parameters"] = [IDEMPOTENCY_PARAMETER]
    return extra


def problems(*kinds: str | type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI ``responses`` for these refusals, slugs of one status together."""
    by_status: dict[int, list[str]] = {}
    for kind in kinds:
        slug = kind if isinstance(kind, str) else kind.slug
        found = by_status.setdefault(PROBLEMS[slug].status, [])
        if slug not in found:
            found.append(slug)
    return {status: _response(slugs) for status, slugs in sorted(by_status.items())}


def _response(slugs: Iterable[str]) -> dict[str, Any]:
    return {
        "description": "; ".join(f"{PROBLEMS[slug].title} ({slug})" for slug in slugs),
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add the components that operations refer to."""
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    components.setdefault("securitySchemes", {})["bearer"] = SECURITY_SCHEME
    return document
