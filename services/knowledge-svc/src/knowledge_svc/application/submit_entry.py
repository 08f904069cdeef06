"""Use case: the draft goes to the hotline for review."""

from hotline_contracts.events.knowledge import EntrySubmittedV1
from knowledge_svc.application.ports import EntryWork
from knowledge_svc.application.record_act import UNHASHED, Command, record, take
from knowledge_svc.domain.entries import Entry, submit


async def submit_entry(work: EntryWork, command: Command) -> Entry:
    """Hand the newest draft to the hotline."""
    entry = await take(work, command, "submit")
    at = await work.stamp(entry.last_at)
    step = submit(entry, command.actor.sub, at)
    event = EntrySubmittedV1(
        entry_id=entry.entry_id, version=entry.newest.number, unit=entry.unit, hash=UNHASHED
    )
    return await record(work, step, event, command.actor, at)
