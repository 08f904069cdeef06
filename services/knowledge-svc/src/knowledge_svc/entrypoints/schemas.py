"""Bodies and answers of the routes."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from hotline_chassis.web.fields import In, Instant, LongText, NoteText, Out, ShortText
from hotline_contracts.values import EntryKind, UnitCode
from knowledge_svc.domain.entries import VersionState
from knowledge_svc.domain.transitions import EntryState

# Only what a browser may follow from an agent's desk.
SourceUrl = Annotated[str, Field(max_length=500, pattern=r"^https?://[^\s<>\"']+$")]


class VersionIn(In):
    title: ShortText
    kind: EntryKind
    body: LongText
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    source_url: SourceUrl | None = None


class EntryIn(VersionIn):
    unit: UnitCode | None = None


class RejectIn(In):
    reason: NoteText


class VersionOut(Out):
    version: int
    state: VersionState
    title: str
    kind: EntryKind
    body: str
    valid_from: Instant | None
    valid_until: Instant | None
    source_url: str | None
    written_by: str
    written_at: Instant
    submitted_by: str | None
    submitted_at: Instant | None
    decided_by: str | None
    decided_at: Instant | None
    reason: str | None


class EntryOut(Out):
    """Who works on the entry is shown its newest version, everybody else the one that may be quoted now.

    ``revision`` is the ``ETag``; ``published_version`` the approved version that stands.
    """

    entry_id: UUID
    site: str
    unit: str
    state: EntryState
    version: int
    published_version: int | None
    title: str
    kind: EntryKind
    body: str
    valid_from: Instant | None
    valid_until: Instant | None
    source_url: str | None
    reason: str | None
    written_at: Instant
    created_at: Instant
    revision: int
    allowed: list[str]


class SearchItemOut(Out):
    """``highlights`` is HTML in which ``<mark>`` is the only element; a higher ``score`` fits better."""

    entry_id: UUID
    title: str
    kind: EntryKind
    unit: str
    highlights: list[str]
    score: float
