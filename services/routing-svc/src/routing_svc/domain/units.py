"""Handling units and the tree they form."""

from dataclasses import dataclass
from datetime import datetime

from hotline_contracts.problems import InvalidInput, Refusal
from hotline_contracts.values import UnitGroup


class UnitExists(Refusal):
    slug = "unit-exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One version of a unit's record.

    Attributes:
        version: counts the records of this code from 1.
        lineage: the unit and all units above it, from itself to the root.
        put_at: instant of this version.
    """

    code: str
    version: int
    name: str
    group: UnitGroup
    parent: str | None
    uscc: str | None
    lineage: tuple[str, ...]
    put_at: datetime


def lineage_below(code: str, parent: Unit | None) -> tuple[str, ...]:
    """The lineage of a unit that stands below ``parent``.

    Raises:
        InvalidInput: the parent is the unit itself or stands below it.
    """
    above = parent.lineage if parent else ()
    if code in above:
        raise InvalidInput.at("body", "/parent", "上级单位不能是本单位或其下级单位")
    return (code, *above)
