"""Where a consumer stands: next offsets and last sequences, moved inside the effect's own transaction.

PostgreSQL is the authority. The compare-and-set on the next offset fences a consumer that was replaced
and does not know it yet; the last sequence per subject drops records that a relay sent twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hotline_chassis.bus.port import Bus, TopicPartition
from hotline_chassis.database import Transaction

_LOAD = "SELECT topic, incarnation, partition, next_offset FROM positions"
_FIRST = """
INSERT INTO positions (topic, incarnation, partition, next_offset)
SELECT topic, incarnation, partition, 0 FROM unnest($1::text[], $2::text[], $3::int[]) AS n(topic, incarnation, partition)
ON CONFLICT DO NOTHING
"""
_MOVE = """
WITH moved AS (
  UPDATE positions p SET next_offset = n.upto
  FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::bigint[])
    AS n(topic, incarnation, partition, was, upto)
  WHERE p.topic = n.topic AND p.incarnation = n.incarnation AND p.partition = n.partition AND p.next_offset = n.was
  RETURNING 1
)
SELECT
  (SELECT count(*) FROM moved),
  (SELECT complete_before FROM stamp_floor),
  ARRAY(
    SELECT c.last_sequence
    FROM unnest($6::text[], $7::text[]) WITH ORDINALITY AS n(topic, subject, place)
    LEFT JOIN consumed_subjects c USING (topic, subject) ORDER BY n.place
  )
"""
"""One round trip for all that a batch begins with."""
_REMEMBER = """
WITH told AS (
  INSERT INTO outbox (topic, key, headers, value, event_id)
  SELECT * FROM unnest($4::text[], $5::bytea[], $6::bytea[], $7::bytea[], $8::uuid[])
)
INSERT INTO consumed_subjects (topic, subject, last_sequence)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (topic, subject) DO UPDATE SET last_sequence = excluded.last_sequence
"""


class Fenced(Exception):
    """Another consumer has moved the position: this batch's effects must not be stored."""


async def load_positions(connection: Any) -> dict[tuple[str, str, int], int]:
    """Next offset by (topic, incarnation, partition)."""
    rows = await connection.fetch(_LOAD)
    return {(row["topic"], row["incarnation"], row["partition"]): row["next_offset"] for row in rows}


async def ensure_positions(connection: Any, keys: Iterable[tuple[str, str, int]]) -> None:
    """Write position 0 for partitions that were never read."""
    topics, incarnations, partitions = zip(*keys, strict=True)
    await connection.execute(_FIRST, topics, incarnations, partitions)


async def move_positions(
    transaction: Transaction,
    moves: Mapping[TopicPartition, tuple[int, int]],
    incarnations: Mapping[str, str],
    subjects: Iterable[tuple[str, str]],
) -> dict[tuple[str, str], int]:
    """Move each partition's next offset from its first to its second value.

    Returns:
        Last consumed sequence of ``subjects``, by (topic, subject); those never seen are missing.

    Raises:
        Fenced: a position is not where this consumer left it.
    """
    rows = sorted(moves.items())
    wanted = sorted(set(subjects))
    row = await transaction.connection.fetchrow(
        _MOVE,
        [topic for (topic, _), _ in rows],
        [incarnations[topic] for (topic, _), _ in rows],
        [partition for (_, partition), _ in rows],
        [was for _, (was, _) in rows],
        [upto for _, (_, upto) in rows],
        [topic for topic, _ in wanted],
        [subject for _, subject in wanted],
    )
    if row is None or row[0] != len(rows):
        raise Fenced
    _, floor, sequences = row
    transaction.take_floor(floor)
    return {key: last for key, last in zip(wanted, sequences, strict=True) if last is not None}


async def remember_sequences(transaction: Transaction, last: Mapping[tuple[str, str], int]) -> None:
    """Store the last consumed sequence of each subject, in sorted order (no deadlocks), and the outbox."""
    await transaction.flush_many()
    if last:
        rows = sorted(last.items())
        await transaction.connection.execute(
            _REMEMBER,
            [topic for (topic, _), _ in rows],
            [subject for (_, subject), _ in rows],
            [sequence for _, sequence in rows],
            *transaction.take_outbox_columns(),
        )


async def applied_before(connection: Any, bus: Bus, topics: Iterable[str]) -> datetime | None:
    """The instant before which every fact of ``topics`` has been applied in this database.

    None while a topic has no watermark yet, or its newest one lies beyond what was consumed. A fact at
    the very instant may still come.
    """
    positions = await load_positions(connection)
    earliest: datetime | None = None
    for topic in topics:
        mark = await bus.watermark(topic)
        if mark is None:
            return None
        incarnation = await bus.incarnation(topic)
        for partition, offset in enumerate(mark.next_offsets):
            if positions.get((topic, incarnation, partition), 0) < offset:
                return None
        earliest = mark.complete_before if earliest is None else min(earliest, mark.complete_before)
    return earliest
