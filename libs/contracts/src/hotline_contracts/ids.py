"""Identifiers: random ones for human acts, derived ones for everything a rebuild must find again."""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NEITHER_VERSION_NOR_VARIANT = ~(0xF << 76 | 0b11 << 62)
_VERSION_8 = 0x8 << 76 | 0b10 << 62


def act_id(at: datetime) -> UUID:
    """A UUIDv7 for a human act, its time part from the injected business clock's ``at`` (aware)."""
    return act_ids(at, 1)[0]


def act_ids(at: datetime, count: int) -> list[UUID]:
    """Several of one instant, for one look at the machine's source of chance."""
    milliseconds = ((at - _EPOCH) // _MILLISECOND) & ((1 << 48) - 1)
    chance = os.urandom(10 * count)
    return [_version_7(milliseconds, chance[start : start + 10]) for start in range(0, 10 * count, 10)]


def _version_7(milliseconds: int, chance: bytes) -> UUID:
    random = int.from_bytes(chance, "big") >> 6
    high = milliseconds << 16 | 0x7000 | random >> 62
    low = 0b10 << 62 | random & ((1 << 62) - 1)
    return UUID(int=high << 64 | low)


def derived_id(*parts: object) -> UUID:
    """A UUIDv8 that is the same for the same parts, in every run and on every machine.

    The parts are joined by an unprintable separator, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    digest = hashlib.sha256("\x1f".join([text_of(part) for part in parts]).encode()).digest()
    number = int.from_bytes(digest[:16], "big") & _NEITHER_VERSION_NOR_VARIANT | _VERSION_8
    return msgspec.convert(number.to_bytes(16, "big"), UUID)  # in half the time of UUID(int=…)


def text_of(value: object) -> str:
    """``str(value)``; of a UUID in a third of the time, which counts where every fact names several."""
    if type(value) is str:
        return value
    return orjson.dumps(value)[1:-1].decode() if type(value) is UUID else str(value)
