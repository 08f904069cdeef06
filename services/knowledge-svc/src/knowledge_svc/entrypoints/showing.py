"""What each reader is shown of an entry, a version, a hit."""

from dataclasses import replace

from knowledge_svc.application.search_entries import Found
from knowledge_svc.domain.actors import Actor
from knowledge_svc.domain.entries import Content, Entry, Version
from knowledge_svc.entrypoints.schemas import EntryOut, SearchItemOut, VersionIn, VersionOut


def content_of(body: VersionIn) -> Content:
    return Content(
        kind=body.kind,
        title=body.title,
        body=body.body,
        source_url=body.source_url,
        valid_from=body.valid_from,
        valid_until=body.valid_until,
    )


def entry_shown(entry: Entry, actor: Actor) -> EntryOut:
    """The entry; to an outsider no more of it than that this version is published."""
    insider = actor.is_insider(entry.lineage)
    if not insider:
        entry = replace(entry, state="published", published_version=entry.newest.number)
    content = entry.newest.content
    return EntryOut(
        entry_id=entry.entry_id,
        site=entry.site,
        unit=entry.unit,
        state=entry.state,
        version=entry.newest.number,
        published_version=entry.published_version,
        title=content.title,
        kind=content.kind,
        body=content.body,
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        source_url=content.source_url,
        reason=entry.newest.reason,
        written_at=entry.newest.written_at,
        created_at=entry.created_at,
        revision=entry.revision,
        allowed=entry.allowed if insider else [],
    )


def version_shown(version: Version) -> VersionOut:
    content = version.content
    return VersionOut(
        version=version.number,
        state=version.state,
        title=content.title,
        kind=content.kind,
        body=content.body,
        valid_from=content.valid_from,
        valid_until=content.valid_until,
        source_url=content.source_url,
        written_by=version.written_by,
        written_at=version.written_at,
        submitted_by=version.submitted_by,
        submitted_at=version.submitted_at,
        decided_by=version.decided_by,
        decided_at=version.decided_at,
        reason=version.reason,
    )


def hit_shown(found: Found) -> SearchItemOut:
    hit = found.hit
    return SearchItemOut(
        entry_id=hit.entry_id,
        title=hit.title,
        kind=hit.kind,
        unit=hit.unit,
        highlights=found.highlights,
        score=round(hit.score, 4),
    )
