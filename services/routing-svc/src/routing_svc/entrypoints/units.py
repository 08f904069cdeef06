"""HTTP: handling units and the dispatch directory."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from hotline_chassis.web.paging import Page, Paging
from hotline_chassis.web.routes import ANY_ROLE, WorkRouter
from hotline_contracts.problems import InvalidInput, UnknownUnit
from hotline_contracts.values import UnitCode, UnitGroup
from routing_svc.application.add_directory_entry import EntryDraft, add_directory_entry
from routing_svc.application.put_unit import UnitRecord, create_unit, put_unit
from routing_svc.domain.actors import READERS
from routing_svc.domain.units import UnitExists
from routing_svc.entrypoints.schemas import (
    DirectoryEntryIn,
    DirectoryEntryOut,
    UnitCreateIn,
    UnitOut,
    UnitReplaceIn,
)
from routing_svc.entrypoints.showing import entry_shown, unit_shown
from routing_svc.entrypoints.stores import DirectoryWorkDep, UnitReaderDep, UnitWorkDep

router = WorkRouter(prefix="/api/v1", tags=["units"])

ADMIN = frozenset({"admin"})


@router.get("/units", roles=ANY_ROLE)
async def list_units(reader: UnitReaderDep, paging: Paging, group: UnitGroup | None = None) -> Page[UnitOut]:
    """Handling units by code."""
    (after,) = paging.after(str) or (None,)
    units = await reader.units(group, after, paging.fetch)
    return paging.page(units, key=lambda unit: (unit.code,), show=unit_shown)


@router.post("/units", roles=ADMIN, status_code=201, refuses=[UnknownUnit, UnitExists])
async def post_unit(work: UnitWorkDep, body: UnitCreateIn) -> UnitOut:
    """Create a unit."""
    return unit_shown(await create_unit(work, _record(body.code, body)))


@router.put("/units/{code}", roles=ADMIN, refuses=[UnknownUnit])
async def replace_unit(code: Annotated[UnitCode, Path()], work: UnitWorkDep, body: UnitReplaceIn) -> UnitOut:
    """Create or replace a unit; the units below it move with it."""
    if body.code not in {None, code}:
        raise InvalidInput.at("body", "/code", "与路径中的单位代码不一致。")
    return unit_shown(await put_unit(work, _record(code, body)))


@router.get("/directory", roles=READERS | ADMIN)
async def list_directory(reader: UnitReaderDep, paging: Paging) -> Page[DirectoryEntryOut]:
    """Rows of the dispatch directory, newest first."""
    (before,) = paging.after(UUID) or (None,)
    entries = await reader.directory(before, paging.fetch)
    return paging.page(entries, key=lambda entry: (entry.entry_id,), show=entry_shown)


@router.post("/directory", roles=ADMIN, status_code=201, refuses=[UnknownUnit])
async def post_directory_entry(work: DirectoryWorkDep, body: DirectoryEntryIn) -> DirectoryEntryOut:
    """Add a row; it decides for tickets dispatched while it holds."""
    draft = EntryDraft(
        category=body.category,
        area_code=body.area_code,
        lead=body.lead,
        supports=body.supports,
        effective_from=body.effective_from,
        effective_to=body.effective_to,
    )
    return entry_shown(await add_directory_entry(work, draft))


def _record(code: str, body: UnitReplaceIn) -> UnitRecord:
    return UnitRecord(code, body.name, body.group, body.parent, body.uscc)
