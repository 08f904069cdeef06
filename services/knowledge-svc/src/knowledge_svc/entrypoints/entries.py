"""HTTP: entries of the knowledge base, and what can be done with them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from hotline_chassis.web.etag import IfMatch, show_version
from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import ANY_ROLE, WorkRouter
from hotline_chassis.web.work import CallerDep
from hotline_contracts.problems import NotAllowedInState, NotFound, StaleVersion, UnknownUnit
from hotline_contracts.values import EntryKind, UnitCode
from knowledge_svc.application.queries import EntryFilter, read_entry, read_versions
from knowledge_svc.application.record_act import Command
from knowledge_svc.application.review_entry import approve_entry, reject_entry
from knowledge_svc.application.submit_entry import submit_entry
from knowledge_svc.application.withdraw_entry import withdraw_entry
from knowledge_svc.application.write_entry import create_entry, write_entry_version
from knowledge_svc.domain.actors import INSIDERS, Actor
from knowledge_svc.domain.entries import Entry
from knowledge_svc.domain.transitions import WRITERS, EntryState, roles_for
from knowledge_svc.entrypoints.schemas import EntryIn, EntryOut, RejectIn, VersionIn, VersionOut
from knowledge_svc.entrypoints.showing import content_of, entry_shown, version_shown
from knowledge_svc.entrypoints.stores import ActorDep, EntryReaderDep, EntryWorkDep, actor_of

router = WorkRouter(prefix="/api/v1/knowledge/entries", tags=["knowledge"])

REFUSALS = (NotFound, StaleVersion, NotAllowedInState)


@dataclass(frozen=True, slots=True)
class Asked:
    """An action asked for, and how its answer is shown."""

    command: Command
    response: Response

    def shown(self, entry: Entry) -> EntryOut:
        return shown_with_revision(entry, self.command.actor, self.response)


async def _asked(entry_id: UUID, caller: CallerDep, expected: IfMatch, response: Response) -> Asked:
    return Asked(Command(entry_id, actor_of(caller), expected), response)


AskedDep = Annotated[Asked, Depends(_asked)]


def shown_with_revision(entry: Entry, actor: Actor, response: Response) -> EntryOut:
    show_version(response, entry.revision)
    return entry_shown(entry, actor)


@router.get("", roles=ANY_ROLE)
async def list_entries(
    actor: ActorDep,
    reader: EntryReaderDep,
    paging: Paging,
    state: EntryState | None = None,
    unit: UnitCode | None = None,
    kind: EntryKind | None = None,
) -> Page[EntryOut]:
    """Newest first: units see those of their subtree, the hotline's editors all, others what may be quoted now.

    `published` also finds entries of which a newer version is being worked on; `unit` asks for a whole subtree.
    """
    wanted = EntryFilter(state, unit, kind, paging.after(datetime, UUID))
    found = await reader.page(actor, wanted, paging.fetch)
    return paging.page(
        found,
        key=lambda entry: (entry.created_at, entry.entry_id),
        show=lambda entry: entry_shown(entry, actor),
    )


@router.post("", roles=WRITERS, status_code=201, refuses=[UnknownUnit])
async def post_entry(caller: CallerDep, work: EntryWorkDep, body: EntryIn, response: Response) -> EntryOut:
    """Write a new entry, a draft; owned by the caller's own unit unless another one is named."""
    actor = actor_of(caller)
    entry = await create_entry(work, actor, body.unit, content_of(body), site=caller.site)
    return shown_with_revision(entry, actor, response)


@router.get("/{entry_id}", roles=ANY_ROLE, refuses=[NotFound])
async def get_entry(entry_id: UUID, actor: ActorDep, reader: EntryReaderDep, response: Response) -> EntryOut:
    """One entry: its newest version for its unit and the hotline's editors, else what may be quoted now."""
    return shown_with_revision(await read_entry(reader, entry_id, actor), actor, response)


@router.get("/{entry_id}/versions", roles=INSIDERS, refuses=[NotFound])
async def list_versions(
    entry_id: UUID, actor: ActorDep, reader: EntryReaderDep, paging: Paging
) -> Page[VersionOut]:
    """All that was ever written of an entry, newest first."""
    (before,) = paging.after(int) or (None,)
    found = await read_versions(reader, entry_id, actor, before, paging.fetch)
    return paging.page(found, key=lambda version: (version.number,), show=version_shown)


@router.post("/{entry_id}/versions", roles=roles_for("versions"), status_code=201, refuses=REFUSALS)
async def post_version(asked: AskedDep, work: EntryWorkDep, body: VersionIn) -> EntryOut:
    """Write a new version, a draft; what is published stays found until it is approved."""
    return asked.shown(await write_entry_version(work, asked.command, content_of(body)))


@router.post("/{entry_id}/submit", roles=roles_for("submit"), refuses=REFUSALS)
async def submit(asked: AskedDep, work: EntryWorkDep) -> EntryOut:
    """Hand the draft to the hotline for review."""
    return asked.shown(await submit_entry(work, asked.command))


@router.post("/{entry_id}/approve", roles=roles_for("approve"), refuses=REFUSALS)
async def approve(asked: AskedDep, work: EntryWorkDep) -> EntryOut:
    """Publish the version under review; never by who wrote or submitted it."""
    return asked.shown(await approve_entry(work, asked.command))


@router.post("/{entry_id}/reject", roles=roles_for("reject"), refuses=REFUSALS)
async def reject(asked: AskedDep, work: EntryWorkDep, body: RejectIn) -> EntryOut:
    """Send the version under review back to its unit."""
    return asked.shown(await reject_entry(work, asked.command, body.reason))


@router.post("/{entry_id}/withdraw", roles=roles_for("withdraw"), refuses=REFUSALS)
async def withdraw(asked: AskedDep, work: EntryWorkDep) -> EntryOut:
    """Take the entry out of use with all its versions, for good."""
    return asked.shown(await withdraw_entry(work, asked.command))
