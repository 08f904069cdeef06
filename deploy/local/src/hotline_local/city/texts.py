"""What people say: matters with slots, and the words that fill them."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from hotline_contracts.values import DeclineReason, Determination, TicketType
from hotline_local.city.registry import Area, read_table, read_text

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that people call about.

    Attributes:
        lead: a unit's code, or ``BY_AREA``; None for what is declined.
        reason: why it is declined; None for what is handled.
    """

    category: str | None
    lead: str | None
    type: TicketType
    weight: int
    subject: str
    description: str
    reason: DeclineReason | None = None


@cache
def matters() -> tuple[Matter, ...]:
    """All matters that are handled."""
    return tuple(
        Matter(
            category=None if category == "-" else category,
            lead=lead,
            type=cast("TicketType", kind),
            weight=int(weight),
            subject=subject,
            description=description,
        )
        for category, lead, kind, weight, subject, description in _rows("matters.txt", 6)
    )


@cache
def declined_matters() -> tuple[Matter, ...]:
    """All matters that are no business of the hotline, except repeats."""
    return tuple(
        Matter(
            category=None,
            lead=None,
            type=cast("TicketType", kind),
            weight=1,
            subject=subject,
            description=description,
            reason=cast("DeclineReason", reason),
        )
        for reason, kind, subject, description in _rows("declined.txt", 4)
    )


def _rows(name: str, columns: int) -> list[list[str]]:
    lines = (line for line in read_text(name).splitlines() if line and not line.startswith("#"))
    rows = [[part.strip() for part in line.split("|")] for line in lines]
    for row in rows:
        if len(row) != columns:
            raise ValueError(f"{name}: {row} has not {columns} columns")
    return rows


@cache
def words() -> Mapping[str, Any]:
    return read_table("words.toml")


def slots(rng: random.Random, area: Area) -> dict[str, str]:
    """One choice for every slot, the places of one area."""
    known = words()
    return {
        "区": area.name,
        "路": rng.choice(area.roads),
        "小区": rng.choice(area.estates),
        "镇": rng.choice(area.towns),
        "店": rng.choice(known["shops"]),
        "学校": rng.choice(known["schools"]),
        "人": rng.choice(known["people"]),
        "几天": rng.choice(known["spans"]),
        "时候": rng.choice(known["whens"]),
        "钱": rng.choice(known["sums"]),
    }


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """The text with its slots filled.

    Raises:
        KeyError: it names a slot that nobody fills.
    """
    return _SLOT.sub(lambda found: chosen[found.group(1)], text)


def framed(rng: random.Random, text: str) -> str:
    """The text as somebody says it, with a beginning and an end."""
    known = words()
    return f"{rng.choice(known['openers'])}{text}{rng.choice(known['closers'])}"


def reply_text(rng: random.Random, determination: Determination) -> str:
    return str(rng.choice(cast("Sequence[str]", words()["replies"][determination])))


def note(rng: random.Random, kind: str) -> str:
    return str(rng.choice(cast("Sequence[str]", words()["notes"][kind])))


def person(rng: random.Random) -> tuple[str, str]:
    """A name and a phone; the phones are of one range that nobody has."""
    known = words()
    return (
        f"{rng.choice(known['surnames'])}{rng.choice(known['given'])}",
        f"138000{rng.randrange(100_000):05}",
    )
