"""An entry of the knowledge base and its versions, and what each action makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from hotline_contracts.problems import Forbidden, InvalidInput
from hotline_contracts.values import EntryKind
from knowledge_svc.domain.transitions import EntryState, actions_of, next_state

VersionState: TypeAlias = EntryState | Literal["superseded"]
"""A version is superseded when a newer one took its place, whether it was published or only a draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a version says; nothing of it changes once it is written.

    Attributes:
        valid_from: first instant at which it may be quoted; None: from its publication on.
        valid_until: first instant at which it may no longer be quoted; None: until further notice.
    """

    kind: EntryKind
    title: str
    body: str
    source_url: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version, numbered from 1.

    Attributes:
        written_by: ``sub`` of the author, likewise ``submitted_by`` and ``decided_by``.
        reason: why it was rejected.
    """

    number: int
    state: VersionState
    content: Content
    written_by: str
    written_at: datetime
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one unit has to say on one matter.

    Attributes:
        lineage: the owning unit and all units above it, in any order.
        state: that of the newest version.
        published_version: the approved version that stands; None before the first and after withdrawal.
        revision: ``seq`` of the last history item, ``last_at`` its instant, ``last_hash`` its hash.
    """

    entry_id: UUID
    site: str
    unit: str
    lineage: frozenset[str]
    state: EntryState
    newest: Version
    published_version: int | None = None
    created_at: datetime
    revision: int
    last_at: datetime
    last_hash: str

    @property
    def allowed(self) -> list[str]:
        """Actions of the present state, whoever asks, sorted."""
        return actions_of(self.state)


@dataclass(frozen=True, slots=True)
class Step:
    """What an action makes of an entry: ``replaced`` says what became of versions before the newest."""

    entry: Entry
    replaced: Mapping[int, VersionState] = field(default_factory=dict)


def first_version(content: Content, author: str, at: datetime) -> Version:
    """Version 1 of a new entry.

    Raises:
        InvalidInput: its validity ends before it begins, or has ended already.
    """
    ensure_validity(content, at)
    return Version(number=1, state="draft", content=content, written_by=author, written_at=at)


def write_version(entry: Entry, content: Content, author: str, at: datetime) -> Step:
    """A new draft beside the published version; a draft that was never submitted gives way to it."""
    state = next_state("versions", entry.state)
    ensure_validity(content, at)
    newest = Version(
        number=entry.newest.number + 1, state="draft", content=content, written_by=author, written_at=at
    )
    replaced: Mapping[int, VersionState] = (
        {entry.newest.number: "superseded"} if entry.state == "draft" else {}
    )
    return Step(replace(entry, state=state, newest=newest), replaced)


def submit(entry: Entry, who: str, at: datetime) -> Step:
    """Hand the draft to the hotline."""
    state = next_state("submit", entry.state)
    newest = replace(entry.newest, state=state, submitted_by=who, submitted_at=at)
    return Step(replace(entry, state=state, newest=newest))


def approve(entry: Entry, who: str, at: datetime) -> Step:
    """Publish the version under review in place of the one that was published.

    Raises:
        Forbidden: the same person wrote or submitted it.
        InvalidInput: its validity has ended meanwhile.
    """
    state = next_state("approve", entry.state)
    if who in {entry.newest.written_by, entry.newest.submitted_by}:
        raise Forbidden("编写人和提交人不能审核自己的知识条目。")
    until = entry.newest.content.valid_until
    if until is not None and until <= at:
        raise InvalidInput("该版本的有效期已过，请退回修改。")
    newest = replace(entry.newest, state=state, decided_by=who, decided_at=at)
    before = entry.published_version
    replaced: Mapping[int, VersionState] = {} if before is None else {before: "superseded"}
    after = replace(entry, state=state, newest=newest, published_version=newest.number)
    return Step(after, replaced)


def reject(entry: Entry, who: str, reason: str, at: datetime) -> Step:
    """Send the version under review back; what is published stays published."""
    state = next_state("reject", entry.state)
    newest = replace(entry.newest, state=state, decided_by=who, decided_at=at, reason=reason)
    return Step(replace(entry, state=state, newest=newest))


def withdraw(entry: Entry) -> Step:
    """Nothing of the entry is to be quoted any more, nor to be written on."""
    state = next_state("withdraw", entry.state)
    before = entry.published_version
    replaced: Mapping[int, VersionState] = (
        {} if before is None or before == entry.newest.number else {before: "withdrawn"}
    )
    after = replace(entry, state=state, newest=replace(entry.newest, state=state), published_version=None)
    return Step(after, replaced)


def ensure_validity(content: Content, at: datetime) -> None:
    """Validity is half-open: it must end after it begins, and after now.

    Raises:
        InvalidInput: it does not.
    """
    until = content.valid_until
    if until is None:
        return
    if content.valid_from is not None and until <= content.valid_from:
        raise InvalidInput.at("body", "/valid_until", "失效时间必须晚于生效时间。")
    if until <= at:
        raise InvalidInput.at("body", "/valid_until", "失效时间已过。")
