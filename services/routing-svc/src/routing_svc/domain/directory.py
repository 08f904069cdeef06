"""The dispatch directory (派单目录): which unit leads for a category and an area."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hotline_contracts.problems import InvalidInput


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One row; a null category or area matches any.

    Attributes:
        category: path of segments joined by ``/``; matches itself and everything below.
        effective_from: first instant at which it holds.
        effective_to: first instant at which it no longer holds; null is for ever.
    """

    entry_id: UUID
    category: str | None
    area_code: str | None
    lead: str
    supports: tuple[str, ...]
    effective_from: datetime
    effective_to: datetime | None


def prefixes_of(category: str | None) -> list[str]:
    """The category and all above it, by path segments, longest first; empty for none."""
    if category is None:
        return []
    segments = category.split("/")
    return ["/".join(segments[:count]) for count in range(len(segments), 0, -1)]


def first_match(
    entries: Iterable[DirectoryEntry], category: str | None, area_code: str, at: datetime
) -> DirectoryEntry | None:
    """The entry that decides at ``at``: longest category prefix, then exact area, then any area.

    Of equals, the one that holds since later, then the one made later. Source: Routing, 派单目录.
    """
    prefixes = prefixes_of(category)
    matching = [entry for entry in entries if _matches(entry, prefixes, area_code, at)]
    return max(matching, key=_rank, default=None)


def _matches(entry: DirectoryEntry, prefixes: list[str], area_code: str, at: datetime) -> bool:
    return (
        (entry.category is None or entry.category in prefixes)
        and entry.area_code in {None, area_code}
        and entry.effective_from <= at
        and (entry.effective_to is None or at < entry.effective_to)
    )


def _rank(entry: DirectoryEntry) -> tuple[int, bool, datetime, int]:
    depth = 0 if entry.category is None else entry.category.count("/") + 1
    return depth, entry.area_code is not None, entry.effective_from, entry.entry_id.int


def ensure_distinct(lead: str | None, supports: Sequence[str]) -> None:
    """One unit, one charge.

    Raises:
        InvalidInput: a support is named twice, or is the lead.
    """
    for place, unit in enumerate(supports):
        if unit == lead:
            raise InvalidInput.at("body", f"/supports/{place}", "协办单位不能同时是主办单位。")
        if unit in supports[:place]:
            raise InvalidInput.at("body", f"/supports/{place}", "协办单位重复。")
