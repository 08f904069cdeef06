"""Clocks and cards in PostgreSQL: one statement to lock, one to write."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from sla_svc.application.ports import Card, KeptClock
from sla_svc.domain.clocks import Clock

# The fields of a Clock in their order, then what only the row has.
_CLOCK_COLUMNS = (
    ("clock_id", "uuid"),
    ("subject_id", "uuid"),
    ("ticket_id", "uuid"),
    ("assignment_id", "uuid"),
    ("unit", "text"),
    ("duty", "text"),
    ("type", "text"),
    ("emergent", "text"),
    ("round", "smallint"),
    ("started_at", "timestamptz"),
    ("warn_at", "timestamptz"),
    ("due_at", "timestamptz"),
    ("card", "text"),
    ("state", "text"),
    ("stopped_at", "timestamptz"),
    ("reopened_at", "timestamptz"),
    ("policy_version", "integer"),
    ("calendar_versions", "jsonb"),
    ("calendar_status", "text"),
    ("sequence", "integer"),
    ("next_transition_at", "timestamptz"),
    ("last_at", "timestamptz"),
)
# What a clock's identity, and what made it, leave open.
_CHANGING_COLUMNS = (
    ("clock_id", "uuid"),
    ("warn_at", "timestamptz"),
    ("due_at", "timestamptz"),
    ("card", "text"),
    ("state", "text"),
    ("stopped_at", "timestamptz"),
    ("reopened_at", "timestamptz"),
    ("calendar_versions", "jsonb"),
    ("calendar_status", "text"),
    ("sequence", "integer"),
    ("next_transition_at", "timestamptz"),
    ("last_at", "timestamptz"),
)
_CARD_COLUMNS = (
    ("card_id", "uuid"),
    ("clock_id", "uuid"),
    ("ticket_id", "uuid"),
    ("assignment_id", "uuid"),
    ("duty", "text"),
    ("type", "text"),
    ("unit", "text"),
    ("round", "smallint"),
    ("card", "text"),
    ("was", "text"),
    ("due_at", "timestamptz"),
    ("at", "timestamptz"),
    ("issued_at", "timestamptz"),
    ("policy_version", "integer"),
    ("calendar_versions", "jsonb"),
    ("why", "text"),
)
_VERSIONS = [name for name, _ in _CLOCK_COLUMNS].index("calendar_versions")
_NAMES = ", ".join(name for name, _ in _CLOCK_COLUMNS)
_CARD_NAMES = ", ".join(name for name, _ in _CARD_COLUMNS)
_CHANGING_NAMES = [name for name, _ in _CHANGING_COLUMNS]
_WIDTHS = len(_CLOCK_COLUMNS), len(_CHANGING_COLUMNS), len(_CARD_COLUMNS)


MANY = 100
"""New rows from which COPY, two round trips for each table, is cheaper than arrays in one statement."""


def _arrays(columns: Iterable[tuple[str, str]], first: int) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(columns, first))


_LOCK_SUBJECTS = f"""
SELECT {_NAMES} FROM clocks WHERE subject_id = ANY($1::uuid[]) ORDER BY clock_id FOR UPDATE
"""
_LOCK_DUE = f"""
SELECT {_NAMES} FROM clocks
WHERE next_transition_at IS NOT NULL AND NOT held AND next_transition_at < $1 AND duty = ANY($2::text[])
ORDER BY next_transition_at LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_WRITE = f"""
WITH started AS (
  INSERT INTO clocks ({_NAMES}) SELECT * FROM unnest({_arrays(_CLOCK_COLUMNS, 1)})
), changed AS (
  UPDATE clocks c SET {", ".join(f"{name} = n.{name}" for name in _CHANGING_NAMES[1:])}
  FROM unnest({_arrays(_CHANGING_COLUMNS, 1 + _WIDTHS[0])}) AS n({", ".join(_CHANGING_NAMES)})
  WHERE c.clock_id = n.clock_id
)
INSERT INTO cards ({_CARD_NAMES}) SELECT * FROM unnest({_arrays(_CARD_COLUMNS, 1 + _WIDTHS[0] + _WIDTHS[1])})
"""
_HOLD = """
UPDATE clocks SET held = true
WHERE (subject_id = $1 OR (ticket_id = $1 AND ticket_id <> subject_id)) AND duty = ANY($2::text[])
"""


class SqlClocks:
    """Clocks and cards within one transaction (port ``ClockStore``)."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def lock_subjects(self, subject_ids: Collection[UUID]) -> list[KeptClock]:
        return [_kept(row) for row in await self._connection.fetch(_LOCK_SUBJECTS, list(subject_ids))]

    async def lock_due(self, before: datetime, duties: Collection[str], limit: int) -> list[KeptClock]:
        rows = await self._connection.fetch(_LOCK_DUE, before, list(duties), limit)
        return [_kept(row) for row in rows]

    async def write(
        self, started: Sequence[KeptClock], changed: Sequence[KeptClock], cards: Sequence[Card]
    ) -> None:
        if len(started) + len(cards) >= MANY:
            await self._copy("clocks", _CLOCK_COLUMNS, map(_clock_row, started))
            await self._copy("cards", _CARD_COLUMNS, map(_card_row, cards))
            started = cards = ()
            if not changed:
                return
        await self._connection.execute(
            _WRITE,
            *_columns(started, _clock_row, _WIDTHS[0]),
            *_columns(changed, _changing_row, _WIDTHS[1]),
            *_columns(cards, _card_row, _WIDTHS[2]),
        )

    async def _copy(
        self, table: str, columns: Iterable[tuple[str, str]], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        await self._connection.copy_records_to_table(
            table, records=rows, columns=[name for name, _ in columns]
        )

    async def hold(self, key: str, duties: Collection[str]) -> None:
        try:
            held_id = UUID(key)
        except ValueError:
            return  # no clock has such a key
        await self._connection.execute(_HOLD, held_id, list(duties))


def _kept(row: asyncpg.Record) -> KeptClock:
    *fields, _, last_at = row.values()
    fields[_VERSIONS] = _versions(fields[_VERSIONS])
    return KeptClock(Clock(*fields), last_at)


@lru_cache(maxsize=256)
def _versions(text: str) -> dict[str, int]:
    """Shared by all clocks that say the same; nobody changes it."""
    found: dict[str, int] = orjson.loads(text)
    return found


def _columns(items: Sequence[Any], row: Callable[[Any], tuple[Any, ...]], width: int) -> Iterable[Any]:
    return zip(*map(row, items), strict=True) if items else ((),) * width


def _clock_row(kept: KeptClock) -> tuple[Any, ...]:
    clock = kept.clock
    return (
        clock.clock_id,
        clock.subject_id,
        clock.ticket_id,
        clock.assignment_id,
        clock.unit,
        clock.duty,
        clock.type,
        clock.emergent,
        clock.round,
        clock.started_at,
        clock.warn_at,
        clock.due_at,
        clock.card,
        clock.state,
        clock.stopped_at,
        clock.reopened_at,
        clock.policy_version,
        _json(clock.calendar_versions),
        clock.calendar_status,
        clock.sequence,
        clock.next_transition_at,
        kept.last_at,
    )


def _changing_row(kept: KeptClock) -> tuple[Any, ...]:
    clock = kept.clock
    return (
        clock.clock_id,
        clock.warn_at,
        clock.due_at,
        clock.card,
        clock.state,
        clock.stopped_at,
        clock.reopened_at,
        _json(clock.calendar_versions),
        clock.calendar_status,
        clock.sequence,
        clock.next_transition_at,
        kept.last_at,
    )


def _card_row(card: Card) -> tuple[Any, ...]:
    clock = card.clock
    return (
        card.card_id,
        clock.clock_id,
        clock.ticket_id,
        clock.assignment_id,
        clock.duty,
        clock.type,
        clock.unit,
        clock.round,
        clock.card,
        card.was,
        clock.due_at,
        card.at,
        card.issued_at,
        clock.policy_version,
        _json(clock.calendar_versions),
        card.why,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


_NEXT_TRANSITION = """
SELECT min(next_transition_at) FROM clocks WHERE next_transition_at IS NOT NULL AND NOT held
"""


async def next_transition(connection: asyncpg.Connection) -> datetime | None:
    """The earliest instant whose passing changes a clock that is not held."""
    earliest: datetime | None = await connection.fetchval(_NEXT_TRANSITION)
    return earliest
