"""Handling units as this service knows them, and the tree they form."""

from collections.abc import Iterable
from dataclasses import dataclass

from hotline_contracts.values import UnitGroup


@dataclass(frozen=True, slots=True)
class Unit:
    code: str
    version: int
    name: str
    group: UnitGroup
    parent: str | None


def subtree(units: Iterable[Unit], root: str) -> set[str]:
    """The unit and all below it; ``root`` itself also if it is not known here (yet)."""
    children: dict[str, list[str]] = {}
    for unit in units:
        if unit.parent is not None:
            children.setdefault(unit.parent, []).append(unit.code)
    found, waiting = {root}, [root]
    while waiting:
        for code in children.get(waiting.pop(), ()):
            if code not in found:
                found.add(code)
                waiting.append(code)
    return found
