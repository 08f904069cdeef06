"""Use case: a new row of the dispatch directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hotline_contracts.ids import act_id
from hotline_contracts.problems import InvalidInput
from routing_svc.application.dispatch_ticket import known_lineages
from routing_svc.application.ports import DirectoryWork
from routing_svc.domain.directory import DirectoryEntry, ensure_distinct


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """``effective_from`` null: from now on; ``effective_to`` null: for ever."""

    category: str | None
    area_code: str | None
    lead: str
    supports: Sequence[str]
    effective_from: datetime | None
    effective_to: datetime | None


async def add_directory_entry(work: DirectoryWork, draft: EntryDraft) -> DirectoryEntry:
    """Store it; tickets already dispatched stay where they are.

    Raises:
        InvalidInput: a unit is named twice, or the entry would end before it begins.
        UnknownUnit: a named unit does not exist.
    """
    ensure_distinct(draft.lead, draft.supports)
    at = await work.stamp()
    since = draft.effective_from or at
    if draft.effective_to is not None and draft.effective_to <= since:
        raise InvalidInput.at("body", "/effective_to", "失效时间必须晚于生效时间。")
    await known_lineages(work, [draft.lead, *draft.supports])
    entry = DirectoryEntry(
        entry_id=act_id(at),
        category=draft.category,
        area_code=draft.area_code,
        lead=draft.lead,
        supports=tuple(draft.supports),
        effective_from=since,
        effective_to=draft.effective_to,
    )
    await work.add(entry)
    return entry
