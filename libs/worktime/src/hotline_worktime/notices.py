"""What a State Council notice says of a year, layer by layer; and which layers a unit lives under."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from types import MappingProxyType
from typing import Final, Literal, NewType

Layer = NewType("Layer", str)
"""`national`, `city`, `county:<code>` or `unit:<code>`; made by `parse_layer`."""

Status = Literal["confirmed", "provisional"]

NATIONAL: Final = Layer("national")
CITY: Final = Layer("city")

CLOSE_OF_BUSINESS: Final = time(17, 0)
MIDNIGHT: Final = time(0, 0)
"""As a closing time: 24:00 of the day, not its beginning."""

_LAYER = re.compile(r"national|city|(county|unit):[0-9A-Za-z][0-9A-Za-z-]{1,31}")
_NEARNESS = {"unit": 0, "county": 1, "city": 2, "national": 3}


def parse_layer(text: str) -> Layer:
    """Return `text` as a layer.

    Raises:
        ValueError: it is none of the four forms.
    """
    if not _LAYER.fullmatch(text):
        raise ValueError(f"{text!r} is not national, city, county:<code> or unit:<code>")
    return Layer(text)


def check_closing(closes: time) -> time:
    """Return `closes` if it is one of the two settings, 17:00 or 24:00 (written `MIDNIGHT`).

    Raises:
        ValueError: it is another time of day. Source: rule T3.
    """
    if closes not in {CLOSE_OF_BUSINESS, MIDNIGHT}:
        raise ValueError(f"business closes at 17:00 or 24:00, not at {closes:%H:%M:%S}")
    return closes


@dataclass(frozen=True, slots=True)
class CalendarDay:
    on: date
    working: bool
    name: str


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One version of what one layer says of one year: only the days that differ, in any order.

    A notice may hold days of the December before its year; it may hold no other year's, and no day twice.

    Raises:
        ValueError: a day lies outside, comes twice, or the layer or version is none. Source: rule T1.
    """

    year: int
    layer: str
    version: int
    status: Status
    source: str
    days: tuple[CalendarDay, ...]

    def __post_init__(self) -> None:
        parse_layer(self.layer)
        if self.version < 1:
            raise ValueError(f"versions count from 1, got {self.version}")
        if self.status not in {"confirmed", "provisional"}:
            raise ValueError(f"{self.status!r} is neither confirmed nor provisional")
        seen: set[date] = set()
        for day in self.days:
            if day.on in seen:
                raise ValueError(f"{day.on} comes twice in {self.key}")
            if day.on.year != self.year and (day.on.year, day.on.month) != (self.year - 1, 12):
                raise ValueError(f"{day.on} lies neither in {self.year} nor in the December before")
            seen.add(day.on)

    @property
    def key(self) -> str:
        """`<layer>:<year>`, the name under which a deadline lists the version."""
        return f"{self.layer}:{self.year}"


@dataclass(frozen=True, slots=True)
class LayerStack:
    """The layers a unit lives under, nearest first, and the closing times set on them.

    The nearest layer that names a day decides it: unit before county before city before national. The nearest layer
    with a closing time decides that too; none means 17:00. Source: rules T1 and T3.
    """

    layers: tuple[Layer, ...] = (CITY, NATIONAL)
    closings: Mapping[Layer, time] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        ordered = sorted(self.layers, key=_nearness)
        if tuple(ordered) != self.layers or len({_nearness(layer) for layer in ordered}) != len(ordered):
            raise ValueError(f"layers must be nearest first, one of each kind: {self.layers}")
        for closes in self.closings.values():
            check_closing(closes)

    @classmethod
    def of(cls, layers: Iterable[str], closings: Mapping[Layer, time] | None = None) -> "LayerStack":
        """Order `layers` and add the two that always apply.

        `closings` may hold any layers' closing times; only those of this stack count.
        """
        named = {parse_layer(layer) for layer in layers} | {CITY, NATIONAL}
        return cls(tuple(sorted(named, key=_nearness)), MappingProxyType(dict(closings or {})))

    @property
    def closes(self) -> time:
        """Close of business under these layers; `MIDNIGHT` means 24:00."""
        return next(
            (self.closings[layer] for layer in self.layers if layer in self.closings), CLOSE_OF_BUSINESS
        )


def _nearness(layer: str) -> int:
    return _NEARNESS[layer.partition(":")[0]]
