"""A request: what was asked, where it stands, and what may still be decided about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from hotline_contracts.problems import NotAllowedInState
from hotline_contracts.values import (
    Channel,
    DeclineReason,
    Emergent,
    RequesterKind,
    RequestOutcome,
    TicketType,
)

Decision: TypeAlias = Literal["accept", "hold"]
Action: TypeAlias = Literal["accept", "decline"]

ACTIONS: Mapping[RequestOutcome, tuple[Action, ...]] = {"pending": ("accept", "decline")}
"""What a person may do in each outcome, sorted; an outcome that is not here is final. Source: rule N2."""


def ensure_allowed(action: Action, outcome: RequestOutcome) -> None:
    """Refuse what the present outcome does not offer.

    Raises:
        NotAllowedInState: with what it does offer.
    """
    allowed = ACTIONS.get(outcome, ())
    if action not in allowed:
        raise NotAllowedInState(action, outcome, list(allowed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asked, in full; None where nothing was said."""

    name: str | None
    phone: str | None
    kind: RequesterKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that is personal or free text of one request; stored and sent only sealed. Source: rule H2.

    Attributes:
        location: ``{"lon", "lat", "datum"}``, or None.
        person: None for an anonymous request.
    """

    subject: str
    description: str
    address: str | None
    location: Mapping[str, Any] | None
    person: Person | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage:
    """The linked service's own reference (110, 119, 120…). Source: rule N7."""

    system: str
    number: str
    level: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What was asked, without a word of its text.

    Attributes:
        channel_ref: the channel's own number; sent twice, the request exists once (rule H1).
        received_at: when another platform had it, of imports only.
    """

    channel: Channel
    channel_ref: str | None
    type: TicketType
    category: str | None
    area_code: str
    emergent: Emergent | None
    confidential: bool
    linkage: Linkage | None
    received_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was decided about a request, as it is told to whoever sent it.

    Attributes:
        ticket_id: the ticket it became, or, of a repeat, the ticket that has the matter already.
        guidance: what the requester was told on a decline.
    """

    request_id: UUID
    outcome: RequestOutcome
    ticket_id: UUID | None = None
    ticket_no: str | None = None
    reason: DeclineReason | None = None
    guidance: str | None = None


def first_outcome(decision: Decision | None, matter: Matter) -> RequestOutcome:
    """Accept unless a person holds it back; a request from a linked service is never held.

    Source: rules N2, N7.
    """
    linked = matter.channel == "linkage" or matter.linkage is not None
    return "pending" if decision == "hold" and not linked else "accepted"
