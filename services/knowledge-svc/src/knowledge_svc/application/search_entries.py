"""Use case: find what may be quoted now."""

from dataclasses import dataclass

from knowledge_svc.application.ports import Segmenter
from knowledge_svc.application.queries import EntryReader, Hit
from knowledge_svc.domain.highlights import highlights
from knowledge_svc.domain.search_text import fold, query_of


@dataclass(frozen=True, slots=True)
class Found:
    hit: Hit
    highlights: list[str]


async def search_entries(reader: EntryReader, segmenter: Segmenter, text: str, limit: int) -> list[Found]:
    """The best ``limit`` entries for ``text``; none for one of only punctuation.

    Source: "Search in Chinese".
    """
    query = query_of(text, segmenter.cut(fold(text)))
    if query is None:
        return []
    hits = await reader.search(query, limit)
    return [Found(hit, highlights(query, hit.title, hit.body)) for hit in hits]
