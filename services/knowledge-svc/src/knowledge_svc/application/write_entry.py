"""Use cases: a new entry, and a new version of one."""

from hotline_contracts.canonical import GENESIS
from hotline_contracts.events.knowledge import EntryDraftedV1
from hotline_contracts.ids import act_id
from hotline_contracts.problems import InvalidInput, UnknownUnit
from hotline_contracts.values import DEFAULT_SITE
from knowledge_svc.application.ports import EntryWork
from knowledge_svc.application.record_act import UNHASHED, Command, announce, record, take
from knowledge_svc.domain.actors import Actor, ensure_may_write_for
from knowledge_svc.domain.entries import Content, Entry, first_version, write_version


async def create_entry(
    work: EntryWork, actor: Actor, unit: str | None, content: Content, *, site: str = DEFAULT_SITE
) -> Entry:
    """Store version 1, a draft, owned by ``unit`` or else by the actor's own.

    Raises:
        Forbidden: the unit lies outside the actor's subtree.
        InvalidInput: no unit is named and the actor has none, or the validity cannot be.
        UnknownUnit: no such unit.
    """
    owner = unit or actor.unit
    if owner is None:
        raise InvalidInput.at("body", "/unit", "请指明负责该知识条目的单位。")
    lineage = await work.lineage(owner)
    if not lineage:
        raise UnknownUnit(f"单位不存在：{owner}。", units=[owner])
    ensure_may_write_for(actor, owner, lineage)
    at = await work.stamp()
    entry = Entry(
        entry_id=act_id(at),
        site=site,
        unit=owner,
        lineage=lineage,
        state="draft",
        newest=first_version(content, actor.sub, at),
        created_at=at,
        revision=0,
        last_at=at,
        last_hash=GENESIS,
    )
    entry, row = announce(work, entry, drafted(entry), actor, at)
    await work.insert(entry, row)
    return entry


async def write_entry_version(work: EntryWork, command: Command, content: Content) -> Entry:
    """Store a new draft; what is published stays found until the draft is approved.

    Raises:
        InvalidInput: the validity cannot be.
        NotFound, Forbidden, StaleVersion, NotAllowedInState: as for every action.
    """
    entry = await take(work, command, "versions")
    at = await work.stamp(entry.last_at)
    step = write_version(entry, content, command.actor.sub, at)
    return await record(work, step, drafted(step.entry), command.actor, at)


def drafted(entry: Entry) -> EntryDraftedV1:
    return EntryDraftedV1(
        entry_id=entry.entry_id,
        version=entry.newest.number,
        unit=entry.unit,
        hash=UNHASHED,
        kind=entry.newest.content.kind,
    )
