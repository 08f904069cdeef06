"""Facts of routing-svc, topics ``routing.tickets``, ``routing.texts`` and ``reference.units``.

Every ticket fact is also a row of the ticket's history: ``sequence`` of its envelope is the row's
``seq`` and ``hash`` the row's hash, so that the topic anchors the chain.
"""

from typing import ClassVar
from uuid import UUID

import msgspec

from hotline_contracts.events.base import Aware, Event
from hotline_contracts.values import (
    AssignmentRole,
    Determination,
    Emergent,
    TicketType,
    UnitGroup,
)


class AssignmentGiven(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's charge of a ticket, as dispatched."""

    assignment_id: UUID
    unit: str
    role: AssignmentRole


class TicketEvent(Event, frozen=True, kw_only=True):
    """A fact of one ticket (key and subject: ticket id)."""

    TOPIC: ClassVar[str] = "routing.tickets"

    ticket_id: UUID
    hash: str


class TicketCreatedV1(TicketEvent, frozen=True, kw_only=True):
    """An accepted request became a ticket that waits for dispatch."""

    TYPE: ClassVar[str] = "routing.ticket.created.v1"

    request_id: UUID
    ticket_no: str
    type: TicketType
    category: str | None
    area_code: str
    emergent: Emergent | None
    confidential: bool


class TicketDispatchedV1(TicketEvent, frozen=True, kw_only=True):
    """A ticket was delivered to its lead and supports; delivery is the instant of this fact.

    Sent by: routing-svc. Read by: sla-svc, which starts the clocks of each assignment.
    ``text_id`` names the dispatcher's note, if there is one.
    """

    TYPE: ClassVar[str] = "routing.ticket.dispatched.v1"

    assignments: list[AssignmentGiven]
    type: TicketType
    emergent: Emergent | None
    round: int
    text_id: UUID | None = None


class TicketSignedV1(TicketEvent, frozen=True, kw_only=True):
    """A unit acknowledged receipt of its assignment."""

    TYPE: ClassVar[str] = "routing.ticket.signed.v1"

    assignment_id: UUID
    unit: str


class TicketInterimFeedbackGivenV1(TicketEvent, frozen=True, kw_only=True):
    """A unit gave its interim opinion (阶段性办理意见) on an emergent ticket."""

    TYPE: ClassVar[str] = "routing.ticket.interim_feedback_given.v1"

    assignment_id: UUID
    unit: str
    text_id: UUID


class TicketRepliedV1(TicketEvent, frozen=True, kw_only=True):
    """The lead replied; the reply waits for review and meets ``handle`` if it is later approved."""

    TYPE: ClassVar[str] = "routing.ticket.replied.v1"

    assignment_id: UUID
    unit: str
    round: int
    determination: Determination
    text_id: UUID


class TicketReplyApprovedV1(TicketEvent, frozen=True, kw_only=True):
    """A reviewer approved the reply; follow-up begins."""

    TYPE: ClassVar[str] = "routing.ticket.reply_approved.v1"

    assignment_id: UUID
    round: int


class TicketReplyRejectedV1(TicketEvent, frozen=True, kw_only=True):
    """A reviewer sent the reply back; ``rejections`` counts those of this round, from 1."""

    TYPE: ClassVar[str] = "routing.ticket.reply_rejected.v1"

    assignment_id: UUID
    round: int
    rejections: int
    text_id: UUID


class TicketRedoOrderedV1(TicketEvent, frozen=True, kw_only=True):
    """The hotline granted a redo: the lead handles again, in round 2. Once only. Source: rule I3.

    Read by: sla-svc, which starts ``redo`` from this instant for the assignment.
    """

    TYPE: ClassVar[str] = "routing.ticket.redo_ordered.v1"

    assignment_id: UUID
    unit: str
    type: TicketType
    emergent: Emergent | None
    round: int
    rating_id: UUID
    text_id: UUID | None = None


class TicketRedoRefusedV1(TicketEvent, frozen=True, kw_only=True):
    """The hotline read the handling and refused the redo: the first rating is formed. Source: rule I3.

    Read by: evaluation-svc.
    """

    TYPE: ClassVar[str] = "routing.ticket.redo_refused.v1"

    assignment_id: UUID
    round: int
    rating_id: UUID
    text_id: UUID | None = None


class TicketClosedV1(TicketEvent, frozen=True, kw_only=True):
    """The ticket was closed; what still runs is cancelled."""

    TYPE: ClassVar[str] = "routing.ticket.closed.v1"

    determination: Determination


class TicketTextPutV1(Event, frozen=True, kw_only=True):
    """Words written on a ticket (reply, interim opinion, note), encrypted under the requester's key.

    ``sealed`` is base64 of nonce and AES-256-GCM ciphertext over ``{"text"}`` (key: text id).
    """

    TYPE: ClassVar[str] = "routing.text.put.v1"
    TOPIC: ClassVar[str] = "routing.texts"

    text_id: UUID
    ticket_id: UUID
    key_id: UUID
    sealed: str


class UnitPutV1(Event, frozen=True, kw_only=True):
    """A handling unit was created or replaced; immutable record, key: code and version."""

    TYPE: ClassVar[str] = "reference.unit.put.v1"
    TOPIC: ClassVar[str] = "reference.units"

    code: str
    version: int
    name: str
    group: UnitGroup
    parent: str | None
    uscc: str | None
    put_at: Aware
