"""Every statement on the path of an action: one to take the ticket, one to store what became of it."""

_TICKET_WITH_WORDS = """
SELECT held.*, seen.version AS seen_version, word.sealed, word.key_id, key.master_key_id, key.wrapped,
       ARRAY(
           SELECT ROW(a.assignment_id, a.parent_assignment_id, a.unit, u.lineage, a.role, a.state,
                      a.delivered_at, a.signed_at, a.replied_at, a.released_at)
           FROM assignments a JOIN units u ON u.code = a.unit
           WHERE a.ticket_id = held.ticket_id ORDER BY a.position
       ) AS assignments,
       rated.rating_id, rated.level, rated.redo_requested,
       (SELECT complete_before FROM stamp_floor) AS floor
FROM held
LEFT JOIN tickets seen ON seen.ticket_id = held.ticket_id
LEFT JOIN texts word ON word.text_id = held.text_id
LEFT JOIN requester_keys key ON key.key_id = word.key_id
LEFT JOIN first_ratings rated ON rated.ticket_id = held.ticket_id
"""

# Who waited for the lock gets the ticket's newest row, but everything else as it was before the wait:
# then ``version`` and ``seen_version`` differ, and the statement must be run again under the lock.
HOLD_TICKET = f"""
WITH held AS MATERIALIZED (SELECT * FROM tickets WHERE ticket_id = $1 FOR UPDATE)
{_TICKET_WITH_WORDS}
"""

TICKET_BY_ID = f"WITH held AS (SELECT * FROM tickets WHERE ticket_id = $1) {_TICKET_WITH_WORDS}"
TICKET_BY_NUMBER = f"WITH held AS (SELECT * FROM tickets WHERE ticket_no = $1) {_TICKET_WITH_WORDS}"
TICKETS_BY_IDS = f"WITH held AS (SELECT * FROM tickets WHERE ticket_id = ANY($1)) {_TICKET_WITH_WORDS}"

SAVE_ACT = """
WITH ticket AS (
    UPDATE tickets SET state = $2, emergent = $3, round = $4, rejections = $5, determination = $6,
        replied_by = $7, version = $8, last_at = $9, last_hash = $10, redo_decision = $34
    WHERE ticket_id = $1
), charge AS (
    INSERT INTO assignments (ticket_id, position, assignment_id, parent_assignment_id, unit, role, state,
        delivered_at, signed_at, replied_at, released_at)
    SELECT $1, * FROM unnest($15::smallint[], $16::uuid[], $17::uuid[], $18::text[], $19::text[], $20::text[],
        $21::timestamptz[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[])
    ON CONFLICT (assignment_id) DO UPDATE SET state = excluded.state, signed_at = excluded.signed_at,
        replied_at = excluded.replied_at, released_at = excluded.released_at
), word AS (
    INSERT INTO texts (ticket_id, text_id, key_id, sealed, kind)
    SELECT $1, * FROM unnest($25::uuid[], $26::uuid[], $27::bytea[], $28::text[])
), told AS (
    INSERT INTO outbox (topic, key, headers, value, event_id)
    SELECT * FROM unnest($29::text[], $30::bytea[], $31::bytea[], $32::bytea[], $33::uuid[])
)
INSERT INTO history (ticket_id, seq, event_id, type, at, item, previous_hash, hash)
VALUES ($1, $8, $11, $12, $9, $13, $14, $10)
"""

INSERT_TICKETS = """
WITH won AS (
    INSERT INTO tickets (ticket_id, ticket_no, site, request_id, state, type, nature, category, area_code,
        emergent, confidential, round, rejections, text_id, created_at, version, last_at, last_hash)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::boolean[], $12::smallint[], $13::smallint[], $14::uuid[],
        $15::timestamptz[], $16::bigint[], $17::timestamptz[], $18::text[])
    ON CONFLICT DO NOTHING
    RETURNING ticket_id
), chained AS (
    INSERT INTO history (ticket_id, seq, event_id, type, at, item, previous_hash, hash)
    SELECT row.* FROM unnest($19::uuid[], $20::bigint[], $21::uuid[], $22::text[], $23::timestamptz[],
        $24::bytea[], $25::text[], $26::text[])
        AS row (ticket_id, seq, event_id, type, at, item, previous_hash, hash)
    JOIN won USING (ticket_id)
)
SELECT ticket_id FROM won
"""

PUT_TEXTS = """
WITH keys AS (
    INSERT INTO requester_keys (key_id, master_key_id, wrapped)
    SELECT * FROM unnest($6::uuid[], $7::text[], $8::bytea[])
    ON CONFLICT (key_id) DO NOTHING
)
INSERT INTO texts (text_id, ticket_id, key_id, sealed, kind)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[])
ON CONFLICT (text_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed
"""

PUT_RATINGS = """
INSERT INTO first_ratings (ticket_id, rating_id, level, redo_requested)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[])
ON CONFLICT (ticket_id) DO NOTHING
"""

HISTORY_AFTER = """
SELECT seq, item, previous_hash, hash FROM history
WHERE ticket_id = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
