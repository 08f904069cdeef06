"""The statement that writes a group of new requests, and the ones that read what others wrote before.

Order is everything here: idempotency keys are claimed first, sorted; only their winners are stored, sorted
by channel number; only their requesters are added, sorted by phone, and only their facts go to the outbox.
Two groups that share names therefore wait for each other in one order, and what lost is not written at all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import orjson

from hotline_chassis.database import Transaction
from intake_svc.adapters.group_preparation import Newcomer
from intake_svc.application.take_in import Prepared, answer_body

_WRITE = """
WITH input AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::bool[], $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::uuid[], $17::bytea[],
        $18::text[], $19::bool[], $20::uuid[], $21::text[], $22::uuid[], $23::bytea[], $24::text[]
    ) AS i(
        request_id, scope, fingerprint, answer, channel, channel_ref, type, category, area_code,
        emergent, confidential, linkage_system, linkage_number, linkage_level, received_at, requester_id, sealed,
        outcome, held, ticket_id, ticket_no, text_id, item, hash
    )
), claimed AS (
    INSERT INTO idempotency (scope, fingerprint, status, headers, body, stored_at)
    SELECT scope, fingerprint, 201, $25::bytea, answer, $26::timestamptz FROM input WHERE scope IS NOT NULL ORDER BY scope
    ON CONFLICT DO NOTHING RETURNING scope
), stored AS (
    INSERT INTO requests (
        request_id, channel, channel_ref, fingerprint, type, category, area_code, emergent, confidential,
        linkage_system, linkage_number, linkage_level, received_at, requester_id, sealed, outcome, held,
        ticket_id, ticket_no, text_id, created_at, decided_at, seq, last_at, last_hash
    )
    SELECT request_id, channel, channel_ref, fingerprint, type, category, area_code, emergent, confidential,
        linkage_system, linkage_number, linkage_level, received_at, requester_id, sealed, outcome, held,
        ticket_id, ticket_no, text_id, $27::timestamptz, CASE WHEN held THEN NULL ELSE $27 END, 1, $27, hash
    FROM input WHERE scope IS NULL OR scope IN (SELECT scope FROM claimed)
    ORDER BY channel, channel_ref
    ON CONFLICT (channel, channel_ref) DO NOTHING RETURNING request_id, requester_id
), met AS (
    INSERT INTO requesters (requester_id, phone_hash, key_id, master_key_id, wrapped_key)
    SELECT n.* FROM unnest($28::uuid[], $29::bytea[], $30::uuid[], $31::text[], $32::bytea[])
        AS n(requester_id, phone_hash, key_id, master_key_id, wrapped_key)
    WHERE requester_id IN (SELECT requester_id FROM stored) ORDER BY phone_hash
    ON CONFLICT (phone_hash) DO NOTHING
), chained AS (
    INSERT INTO request_history (request_id, seq, item, hash)
    SELECT request_id, 1, item, hash FROM input WHERE request_id IN (SELECT request_id FROM stored)
), told AS (
    INSERT INTO outbox (topic, key, headers, value, event_id)
    SELECT topic, key, headers, value, event_id
    FROM unnest($33::uuid[], $34::text[], $35::bytea[], $36::bytea[], $37::bytea[], $38::uuid[])
        WITH ORDINALITY AS t(request_id, topic, key, headers, value, event_id, nth)
    WHERE request_id IN (SELECT request_id FROM stored) ORDER BY nth
)
SELECT array(SELECT request_id FROM stored) AS stored, pg_current_xact_id()::text AS xid
"""
_HEADERS = orjson.dumps({"content-type": "application/json"})

KEPT_ANSWERS = "SELECT scope, fingerprint, status, body FROM idempotency WHERE scope = ANY($1::text[])"
EARLIER_REQUESTS = """
SELECT channel, channel_ref, fingerprint, request_id, held, ticket_id, ticket_no
FROM requests WHERE (channel, channel_ref) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
# A key that was claimed for a request which its channel's number turned out to name already.
KEEP_EARLIER = """
UPDATE idempotency i SET status = 200, body = n.body
FROM unnest($1::text[], $2::bytea[]) AS n(scope, body) WHERE i.scope = n.scope
"""
RELEASE_KEYS = "DELETE FROM idempotency WHERE scope = ANY($1::text[])"


class Line(msgspec.Struct, frozen=True):
    """One request of a group with its requester."""

    prepared: Prepared
    requester_id: UUID
    answer: bytes

    @classmethod
    def of(cls, prepared: Prepared, requester_id: UUID) -> "Line":
        return cls(prepared, requester_id, answer_body(prepared.standing))

    def values(self) -> tuple[Any, ...]:
        prepared, new, matter = self.prepared, self.prepared.new, self.prepared.new.matter
        linkage = matter.linkage
        return (
            new.request_id, new.key_scope, new.fingerprint, self.answer,
            matter.channel, matter.channel_ref, matter.type, matter.category, matter.area_code,
            matter.emergent, matter.confidential,
            linkage and linkage.system, linkage and linkage.number, linkage and linkage.level,
            matter.received_at, self.requester_id, prepared.sealed,
            prepared.standing.outcome, new.held,
            new.ticket_id, prepared.standing.ticket_no, new.text_id, prepared.item.item, prepared.item.hash,
        )  # fmt: skip


async def write_group(
    transaction: Transaction,
    lines: Sequence[Line],
    newcomers: Sequence[Newcomer],
    *,
    stored_at: datetime,
) -> tuple[frozenset[UUID], str]:
    """Ids of the requests that were stored, and the transaction's id.

    Args:
        transaction: has announced nothing yet.
        lines: all of one instant; what they announce is written for those that are stored.
        newcomers: requesters of these lines who are not stored yet.
        stored_at: instant of the answers (system clock).
    """
    announced_by = []
    for line in lines:
        for announcement in line.prepared.announcements:
            announcement.into(transaction)
            announced_by.append(line.prepared.new.request_id)
    row = await transaction.connection.fetchrow(
        _WRITE,
        *zip(*(line.values() for line in lines), strict=True),
        _HEADERS,
        stored_at,
        lines[0].prepared.item.at,
        [newcomer.requester_id for newcomer in newcomers],
        [newcomer.phone_hash for newcomer in newcomers],
        [newcomer.key.key_id for newcomer in newcomers],
        [newcomer.key.master_key_id for newcomer in newcomers],
        [newcomer.key.wrapped for newcomer in newcomers],
        announced_by,
        *transaction.take_outbox_columns(),
    )
    if row is None:
        raise LookupError("a statement without FROM has one row")
    return frozenset(row["stored"]), row["xid"]
