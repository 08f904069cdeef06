"""The city as data: its areas, its handling units, and who leads what."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast, get_args

import msgspec

from hotline_contracts.values import UnitGroup

BY_AREA = "属地"
"""In the directory and in matters: the unit of the area where the request arose."""
DIRECTORY_SINCE = "2026-01-01T00:00:00+08:00"


def read_table(name: str) -> dict[str, Any]:
    return tomllib.loads(read_text(name))


def read_text(name: str) -> str:
    return files("hotline_local.city").joinpath(f"data/{name}").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Unit:
    """``emergency``: it is on duty at night and on holidays."""

    code: str
    name: str
    group: UnitGroup
    emergency: bool


@dataclass(frozen=True, slots=True)
class Area:
    code: str
    name: str
    unit: str
    weight: int
    roads: tuple[str, ...]
    estates: tuple[str, ...]
    towns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """``area_code`` None: the whole city."""

    category: str
    area_code: str | None
    lead: str


@dataclass(frozen=True)
class City:
    """Everything that stands before anybody calls."""

    units: dict[str, Unit]
    areas: tuple[Area, ...]
    directory: tuple[DirectoryRow, ...]

    def lead_for(self, category: str | None, area_code: str) -> str | None:
        """Whom the directory names: longest category first, then the exact area, then the whole city."""
        segments = category.split("/") if category else []
        rows = {(row.category, row.area_code): row.lead for row in self.directory}
        for length in range(len(segments), 0, -1):
            for area in (area_code, None):
                if lead := rows.get(("/".join(segments[:length]), area)):
                    return lead
        return None


@cache
def the_city() -> City:
    """The shipped city."""
    areas = msgspec.convert(read_table("places.toml")["areas"], tuple[Area, ...])
    return City(_units(), areas, tuple(_directory(areas)))


def _units() -> dict[str, Unit]:
    table = read_table("units.toml")
    emergency = frozenset(table["emergency"])
    return {
        code: Unit(code, name, cast("UnitGroup", group), code in emergency)
        for group in get_args(UnitGroup)
        for code, name in table[group].items()
    }


def _directory(areas: tuple[Area, ...]) -> list[DirectoryRow]:
    table = read_table("directory.toml")
    rows: list[DirectoryRow] = []
    for category, leads in table["second"].items():
        if leads[0] == BY_AREA:
            rows += [DirectoryRow(category, area.code, area.unit) for area in areas]
        rows.append(DirectoryRow(category, None, leads[-1]))
    rows += [DirectoryRow(category, None, lead) for category, lead in table["third"].items()]
    return rows
