"""Which service answers which path: the one literal table, first match wins."""

import re
from collections.abc import Mapping

_TABLE: Mapping[str, str] = {
    r"/api/v1/requests(/.*)?": "intake",
    r"/api/v1/categories": "intake",
    r"/api/v1/tickets/[^/]+/clocks": "sla",
    r"/api/v1/tickets/[^/]+/ratings": "evaluation",
    r"/api/v1/tickets(/.*)?": "routing",
    r"/api/v1/units(/.*)?": "routing",
    r"/api/v1/directory": "routing",
    r"/api/v1/clocks": "sla",
    r"/api/v1/cards": "sla",
    r"/api/v1/deadlines": "sla",
    r"/api/v1/policies": "sla",
    r"/api/v1/calendars/[^/]+": "sla",
    r"/api/v1/follow-ups(/.*)?": "evaluation",
    r"/api/v1/scorecards/[^/]+": "evaluation",
    r"/api/v1/knowledge/.*": "knowledge",
}

_COMPILED = tuple((re.compile(pattern), service) for pattern, service in _TABLE.items())


def service_of(path: str) -> str | None:
    """The service that owns a path; None where nobody does."""
    for pattern, service in _COMPILED:
        if pattern.fullmatch(path):
            return service
    return None
