"""Canonical JSON (RFC 8785) and the hash chain of histories."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

GENESIS = "0" * 64
"""What stands before the first item of every chain."""


def canonical(item: Mapping[str, Any]) -> bytes:
    """RFC 8785 bytes of an item of strings, integers, booleans, nulls, lists and string-keyed objects.

    With ASCII keys and no floats, sorted compact JSON is RFC 8785 to the byte; both are checked here,
    and a test holds this against an independent implementation. RFC 8785 writes every number as a double,
    so integers beyond 2**53 - 1 would lose digits there: they are refused, send them as strings.

    Raises:
        ValueError: a key outside ASCII, an integer beyond ±(2**53 - 1), a lone surrogate or a value of
            another type (floats, instants, UUIDs: they have several spellings) stands somewhere in the item.
    """
    _refuse_others(item)
    try:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as refused:
        raise ValueError(f"has no canonical form: {refused}") from refused


_HARMLESS = frozenset({str, int, bool, type(None)})


def _refuse_others(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if type(key) is not str or not key.isascii():
                raise ValueError(f"key {key!r} is not ASCII text")
            if type(inner) not in _HARMLESS:  # nearly all are: every history item comes through here
                _refuse_others(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if type(inner) not in _HARMLESS:
                _refuse_others(inner)
    else:
        raise ValueError(f"{type(value).__name__} has no place in a hashed history: use integers or strings")  # noqa: TRY004


def chain_hash(previous_hash: str, item_bytes: bytes) -> str:
    """Hex SHA-256 over the previous hash (its 64 hex characters) and the item's canonical bytes."""
    return hashlib.sha256(previous_hash.encode() + item_bytes).hexdigest()


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC with six decimals and ``Z``: one spelling for each instant, so hashes agree.

    Raises:
        ValueError: ``at`` is naive, and would be read in this machine's own zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset")
    text = orjson.dumps(at.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1].decode()
    return text if at.microsecond else f"{text[:-1]}.000000Z"
