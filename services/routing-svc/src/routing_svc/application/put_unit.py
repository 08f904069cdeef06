"""Use cases: create a unit, or create or replace it; every version is published."""

from dataclasses import dataclass

from hotline_contracts.events.routing import UnitPutV1
from hotline_contracts.ids import act_id
from hotline_contracts.problems import UnknownUnit
from hotline_contracts.values import UnitGroup
from routing_svc.application.ports import UnitWork
from routing_svc.domain.units import Unit, UnitExists, lineage_below


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """What an administrator says about a unit."""

    code: str
    name: str
    group: UnitGroup
    parent: str | None
    uscc: str | None


async def create_unit(work: UnitWork, record: UnitRecord) -> Unit:
    """Store a unit whose code is new.

    Raises:
        InvalidInput: it would stand below itself.
        UnknownUnit: no such parent.
        UnitExists: the code is taken.
    """
    await work.hold_tree()
    lineage = await _lineage(work, record)
    if await work.find(record.code) is not None:
        raise UnitExists("单位代码已存在；修改请用 PUT。")
    return await _publish(work, record, lineage, None)


async def put_unit(work: UnitWork, record: UnitRecord) -> Unit:
    """Create or replace a unit; units below it move with it. The same record again changes nothing.

    Raises:
        InvalidInput: it would stand below itself.
        UnknownUnit: no such parent.
    """
    await work.hold_tree()
    lineage = await _lineage(work, record)
    before = await work.find(record.code)
    if before is not None and _record_of(before) == record:
        return before
    return await _publish(work, record, lineage, before)


async def _lineage(work: UnitWork, record: UnitRecord) -> tuple[str, ...]:
    if record.parent is None:
        return lineage_below(record.code, None)
    parent = await work.find(record.parent)
    if parent is None:
        raise UnknownUnit(f"上级单位不存在：{record.parent}。", units=[record.parent])
    return lineage_below(record.code, parent)


async def _publish(work: UnitWork, record: UnitRecord, lineage: tuple[str, ...], before: Unit | None) -> Unit:
    at = await work.stamp(before.put_at if before else None)
    unit = Unit(
        code=record.code,
        version=before.version + 1 if before else 1,
        name=record.name,
        group=record.group,
        parent=record.parent,
        uscc=record.uscc,
        lineage=lineage,
        put_at=at,
    )
    await work.put(unit)
    work.announce(
        _event(unit),
        event_id=act_id(at),
        subject=unit.code,
        key=f"{unit.code}:{unit.version}",
        sequence=unit.version,
        at=at,
    )
    return unit


def _event(unit: Unit) -> UnitPutV1:
    return UnitPutV1(
        code=unit.code,
        version=unit.version,
        name=unit.name,
        group=unit.group,
        parent=unit.parent,
        uscc=unit.uscc,
        put_at=unit.put_at,
    )


def _record_of(unit: Unit) -> UnitRecord:
    return UnitRecord(unit.code, unit.name, unit.group, unit.parent, unit.uscc)
