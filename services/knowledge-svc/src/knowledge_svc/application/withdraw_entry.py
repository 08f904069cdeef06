"""Use case: an entry is not to be quoted any more."""

from hotline_contracts.events.knowledge import EntryWithdrawnV1
from knowledge_svc.application.ports import EntryWork
from knowledge_svc.application.record_act import UNHASHED, Command, record, take
from knowledge_svc.domain.entries import Entry, withdraw


async def withdraw_entry(work: EntryWork, command: Command) -> Entry:
    """Take it out of the search with all its versions, at once and for good.

    The fact names the version that was published, or else the newest.
    """
    entry = await take(work, command, "withdraw")
    at = await work.stamp(entry.last_at)
    step = withdraw(entry)
    event = EntryWithdrawnV1(
        entry_id=entry.entry_id,
        version=entry.published_version or entry.newest.number,
        unit=entry.unit,
        hash=UNHASHED,
    )
    after = await record(work, step, event, command.actor, at)
    await work.unpublish(entry.entry_id)
    return after
