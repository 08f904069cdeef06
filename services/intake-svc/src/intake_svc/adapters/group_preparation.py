"""What a group needs before it is written: serials for its tickets, and its requesters' keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hotline_chassis.crypto import DataKey
from hotline_chassis.database import Database
from intake_svc.adapters.requester_keys import RequesterKeys
from intake_svc.application.take_in import NewRequest

# A transaction of its own that waits for no disk, so that two groups do not queue for the counter while
# one of them commits. It cannot be lost alone: its commit lies before that of the group in the log, and
# a log is durable from its beginning. A group that fails leaves a gap, which is allowed.
_PREPARE = """
WITH fast AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
), taken AS (
    INSERT INTO ticket_serials AS s (day, last) SELECT $1::date, $2::bigint FROM fast WHERE $2 > 0
    ON CONFLICT (day) DO UPDATE SET last = s.last + excluded.last RETURNING last
)
SELECT (SELECT last FROM taken) AS last, phone_hash, requester_id, key_id, master_key_id, wrapped_key
FROM (VALUES (1)) AS one LEFT JOIN requesters ON phone_hash = ANY($3::bytea[])
"""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A requester who is stored with the first of its requests."""

    requester_id: UUID
    phone_hash: bytes | None
    key: DataKey


@dataclass(frozen=True, slots=True)
class Preparation:
    """What one try of a group is written with.

    Attributes:
        serials: of the day that was asked for, one for each request that becomes a ticket at once.
        keys: each request's requester and the key that seals its words, in the group's order.
        newcomers: those of them that are not stored yet.
    """

    serials: Iterator[int]
    keys: list[tuple[UUID, DataKey]]
    newcomers: list[Newcomer]


async def prepare_group(
    database: Database, requester_keys: RequesterKeys, group: Sequence[NewRequest], day: date
) -> Preparation:
    """Reserve serials, find requesters by phone and make the missing ones, in one round trip.

    Without a phone each requester is new. A requester may be gone, or no longer missing, when the group is
    written: the database then refuses the group.
    """
    hashes = [_phone_hash(requester_keys, new) for new in group]
    tickets = sum(not new.held for new in group)
    async with database.pool.acquire() as connection:
        rows = await connection.fetch(_PREPARE, day, tickets, sorted({phone for phone in hashes if phone}))
    last = rows[0]["last"] or 0
    known = {
        row["phone_hash"]: (row["requester_id"], requester_keys.open(row))
        for row in rows
        if row["phone_hash"] is not None
    }
    found = Preparation(iter(range(last - tickets + 1, last + 1)), [], [])
    for new, phone in zip(group, hashes, strict=True):
        requester = None if phone is None else known.get(phone)
        if requester is None:
            requester = (new.requester_id, requester_keys.new(new.requester_id))
            found.newcomers.append(Newcomer(new.requester_id, phone, requester[1]))
            if phone is not None:
                known[phone] = requester
        found.keys.append(requester)
    return found


def _phone_hash(requester_keys: RequesterKeys, new: NewRequest) -> bytes | None:
    person = new.words.person
    return None if person is None or person.phone is None else requester_keys.phone_hash(person.phone)
