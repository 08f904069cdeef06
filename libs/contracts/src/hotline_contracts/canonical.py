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
    and a test holds this against an independent implementation.

    Raises:
        ValueError: a float or a key outside ASCII stands somewhere in the item.
    """
    _refuse_floats(item)
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


_HARMLESS = frozenset({str, int, bool, type(None)})


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("floats have no place in a hashed history: use integers or strings")  # noqa: TRY004
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not key.isascii():
                raise ValueError(f"key {key!r} is not ASCII")
            if type(inner) not in _HARMLESS:  # nearly all are: every history item comes through here
                _refuse_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            if type(inner) not in _HARMLESS:
                _refuse_floats(inner)


def chain_hash(previous_hash: str, item_bytes: bytes) -> str:
    """Hex SHA-256 over the previous hash (its 64 hex characters) and the item's canonical bytes."""
    return hashlib.sha256(previous_hash.encode() + item_bytes).hexdigest()


def instant_text(at: datetime) -> str:
    """RFC 3339 in UTC with six decimals and ``Z``: one spelling for each instant, so hashes agree."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[: -len("+00:00")] + "Z"
