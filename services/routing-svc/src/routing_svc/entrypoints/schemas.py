"""Bodies and answers of the routes."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hotline_chassis.web.fields import Id, In, Instant, LongText, NoteText, Out, ShortText
from hotline_contracts.values import (
    AssignmentRole,
    AssignmentState,
    Determination,
    Emergent,
    Nature,
    TicketState,
    TicketType,
    UnitCode,
    UnitGroup,
)

Category = Annotated[str, Field(max_length=200, pattern=r"^[^/\s][^/]*(/[^/\s][^/]*)*$")]
AreaCode = Annotated[str, Field(pattern=r"^[0-9]{6,12}$")]
Supports = Annotated[list[UnitCode], Field(max_length=20)]


class DispatchIn(In):
    lead: UnitCode | None = None
    supports: Supports | None = None
    note: NoteText | None = None
    emergent: Emergent | None = None


class InterimFeedbackIn(In):
    text: LongText


class ReplyIn(In):
    text: LongText
    determination: Determination = "solved"
    attachments: Annotated[list[Id], Field(default_factory=list, max_length=20)]


class RejectIn(In):
    note: NoteText


class RedoIn(In):
    note: NoteText | None = None


class UnitReplaceIn(In):
    code: UnitCode | None = None
    name: ShortText
    group: UnitGroup
    parent: UnitCode | None = None
    uscc: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")] | None = None


class UnitCreateIn(UnitReplaceIn):
    code: UnitCode


class DirectoryEntryIn(In):
    category: Category | None = None
    area_code: AreaCode | None = None
    lead: UnitCode
    supports: Annotated[Supports, Field(default_factory=list)]
    effective_from: Instant | None = None
    effective_to: Instant | None = None


class AssignmentOut(Out):
    assignment_id: UUID
    parent_assignment_id: UUID | None
    unit: str
    role: AssignmentRole
    state: AssignmentState
    delivered_at: Instant
    signed_at: Instant | None
    replied_at: Instant | None
    released_at: Instant | None


class RequesterOut(Out):
    """Masked."""

    name: str | None
    phone: str | None
    confidential: bool


class TicketOut(Out):
    ticket_id: UUID
    ticket_no: str
    site: str
    state: TicketState
    type: TicketType
    nature: Nature
    category: str | None
    area_code: str
    emergent: Emergent | None
    round: int
    subject: str | None
    description: str | None
    created_at: Instant
    requester: RequesterOut | None
    lead: str | None
    assignments: list[AssignmentOut]
    determination: Determination | None
    version: int
    allowed: list[str]


class ActorOut(Out):
    sub: str
    roles: list[str]
    unit: str | None


class HistoryItemOut(Out):
    """``hash`` is the hex SHA-256 of ``previous_hash`` and the RFC 8785 JSON of the item without both."""

    seq: int
    event_id: UUID
    type: str
    at: str
    actor: ActorOut
    data: dict[str, Any]
    previous_hash: str
    hash: str


class UnitOut(Out):
    code: str
    version: int
    name: str
    group: UnitGroup
    parent: str | None
    uscc: str | None


class DirectoryEntryOut(Out):
    entry_id: UUID
    category: str | None
    area_code: str | None
    lead: str
    supports: list[str]
    effective_from: Instant
    effective_to: Instant | None
