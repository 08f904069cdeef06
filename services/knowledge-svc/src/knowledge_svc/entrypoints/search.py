"""HTTP: the search of the knowledge base."""

from typing import Annotated

from fastapi import Query

from hotline_chassis.web.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hotline_chassis.web.routes import ANY_ROLE, WorkRouter
from knowledge_svc.application.search_entries import search_entries
from knowledge_svc.entrypoints.schemas import SearchItemOut
from knowledge_svc.entrypoints.showing import hit_shown
from knowledge_svc.entrypoints.stores import EntryReaderDep, SegmenterDep

router = WorkRouter(prefix="/api/v1/knowledge/search", tags=["knowledge"])

LONGEST_QUERY = 100


@router.get("", roles=ANY_ROLE)
async def search(
    reader: EntryReaderDep,
    segmenter: SegmenterDep,
    q: Annotated[str, Query(min_length=1, max_length=LONGEST_QUERY)],
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
) -> Page[SearchItemOut]:
    """Entries that may be quoted now, best first: words, names, numbers, phrases; `next` is always null."""
    found = await search_entries(reader, segmenter, q, limit)
    return Page[SearchItemOut](items=[hit_shown(one) for one in found], next=None)
