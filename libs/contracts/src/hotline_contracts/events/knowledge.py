"""Facts of knowledge-svc, topic ``knowledge.entries``; subject and key are the entry.

They say that something happened to a version of an entry, not what it says: an entry's words are read from
knowledge-svc, so that nothing of an embargoed policy travels before its release.
"""

from typing import ClassVar
from uuid import UUID

from hotline_contracts.events.base import Aware, Event
from hotline_contracts.values import EntryKind


class EntryEvent(Event, frozen=True, kw_only=True):
    """A fact of one version (from 1) of an entry of the knowledge base."""

    TOPIC: ClassVar[str] = "knowledge.entries"

    entry_id: UUID
    version: int
    unit: str
    hash: str


class EntryDraftedV1(EntryEvent, frozen=True, kw_only=True):
    """A unit wrote a new entry, or a new version of one."""

    TYPE: ClassVar[str] = "knowledge.entry.drafted.v1"

    kind: EntryKind


class EntrySubmittedV1(EntryEvent, frozen=True, kw_only=True):
    """The unit handed a version to the hotline for review."""

    TYPE: ClassVar[str] = "knowledge.entry.submitted.v1"


class EntryRejectedV1(EntryEvent, frozen=True, kw_only=True):
    """The hotline sent a version back to its unit."""

    TYPE: ClassVar[str] = "knowledge.entry.rejected.v1"


class EntryPublishedV1(EntryEvent, frozen=True, kw_only=True):
    """The hotline approved a version: agents find it from now on, within its validity (half-open)."""

    TYPE: ClassVar[str] = "knowledge.entry.published.v1"

    kind: EntryKind
    valid_from: Aware
    valid_until: Aware | None


class EntryWithdrawnV1(EntryEvent, frozen=True, kw_only=True):
    """An entry is not to be quoted any more."""

    TYPE: ClassVar[str] = "knowledge.entry.withdrawn.v1"
