"""Use cases: the hotline publishes the version under review, or sends it back."""

from hotline_contracts.events.knowledge import EntryPublishedV1, EntryRejectedV1
from knowledge_svc.application.ports import EntryWork, Publication
from knowledge_svc.application.record_act import UNHASHED, Command, record, take
from knowledge_svc.domain.entries import Entry, approve, reject


async def approve_entry(work: EntryWork, command: Command) -> Entry:
    """Publish it: found from now on, or from the beginning of its validity if that is later.

    Raises:
        Forbidden: the approver wrote or submitted it.
        InvalidInput: its validity has ended.
        NotFound, StaleVersion, NotAllowedInState: as for every action.
    """
    entry = await take(work, command, "approve")
    at = await work.stamp(entry.last_at)
    step = approve(entry, command.actor.sub, at)
    content = entry.newest.content
    event = EntryPublishedV1(
        entry_id=entry.entry_id,
        version=entry.newest.number,
        unit=entry.unit,
        hash=UNHASHED,
        kind=content.kind,
        valid_from=content.valid_from or at,
        valid_until=content.valid_until,
    )
    after = await record(work, step, event, command.actor, at)
    later = content.valid_from is not None and content.valid_from > at
    since = content.valid_from if later else None
    await work.publish(
        Publication(entry.entry_id, entry.newest.number, entry.unit, content, since, content.valid_until)
    )
    return after


async def reject_entry(work: EntryWork, command: Command, reason: str) -> Entry:
    """Send it back to its unit with the reason; what is published stays published."""
    entry = await take(work, command, "reject")
    at = await work.stamp(entry.last_at)
    step = reject(entry, command.actor.sub, reason, at)
    event = EntryRejectedV1(
        entry_id=entry.entry_id, version=entry.newest.number, unit=entry.unit, hash=UNHASHED
    )
    return await record(work, step, event, command.actor, at)
