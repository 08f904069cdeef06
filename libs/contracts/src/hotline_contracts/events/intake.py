"""Facts of intake-svc, topics ``intake.requests`` and ``intake.texts``.

Subject of a request's facts is the request; their key is the ticket's id, which is minted with the request
also when it never becomes a ticket: all facts of one request keep their order in one partition.
"""

from typing import ClassVar
from uuid import UUID

from hotline_contracts.events.base import Event
from hotline_contracts.values import Channel, DeclineReason, Emergent, TicketType


class RequestHeldV1(Event, frozen=True, kw_only=True):
    """A request waits for a person's decision in the screening queue."""

    TYPE: ClassVar[str] = "intake.request.held.v1"
    TOPIC: ClassVar[str] = "intake.requests"

    request_id: UUID
    channel: Channel
    type: TicketType
    emergent: Emergent | None
    hash: str


class RequestAcceptedV1(Event, frozen=True, kw_only=True):
    """A request became the ticket whose id and number intake minted.

    Sent by: intake-svc. Read by: routing-svc, which creates the ticket.
    """

    TYPE: ClassVar[str] = "intake.request.accepted.v1"
    TOPIC: ClassVar[str] = "intake.requests"

    request_id: UUID
    ticket_id: UUID
    ticket_no: str
    text_id: UUID
    channel: Channel
    type: TicketType
    category: str | None
    area_code: str
    emergent: Emergent | None
    confidential: bool
    hash: str


class RequestDeclinedV1(Event, frozen=True, kw_only=True):
    """A request was declined with one of the five classes of rule N2; ``ticket_id`` has the matter already."""

    TYPE: ClassVar[str] = "intake.request.declined.v1"
    TOPIC: ClassVar[str] = "intake.requests"

    request_id: UUID
    reason: DeclineReason
    ticket_id: UUID | None
    hash: str


class RequestTextPutV1(Event, frozen=True, kw_only=True):
    """The words of a request, encrypted under the requester's own key (key: text id).

    ``sealed`` is base64 of nonce and AES-256-GCM ciphertext over the JSON of ``{"subject",
    "description", "address", "requester": {"name", "phone", "kind"}}`` with name and phone masked.
    ``wrapped_key`` is the requester's key under the site's master key ``master_key_id``: every holder
    keeps it once per ``key_id`` and deletes it on erasure.
    """

    TYPE: ClassVar[str] = "intake.text.put.v1"
    TOPIC: ClassVar[str] = "intake.texts"

    text_id: UUID
    ticket_id: UUID
    key_id: UUID
    master_key_id: str
    wrapped_key: str
    sealed: str
