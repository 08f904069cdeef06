"""Every statement of this service whose shape does not vary."""

HOLD_TICKETS = """
SELECT ticket_id, ticket_no, closed_at, version, last_at, last_hash,
       (SELECT complete_before FROM stamp_floor) AS floor
FROM tickets WHERE ticket_id = ANY($1::uuid[]) ORDER BY ticket_id FOR UPDATE
"""

_TASK = """
SELECT f.follow_up_id, f.ticket_id, f.round, f.unit, f.since, f.opened_at, f.outcome, f.ended_at,
       ARRAY(
           SELECT ROW(a.outcome, a.at) FROM attempts a
           WHERE a.follow_up_id = f.follow_up_id ORDER BY a.attempt
       ) AS attempts,
       r.rating_id, r.level, r.solved, r.redo_requested, r.via, r.given_at, r.state, r.formed_at, r.stands_in
"""
# Read under the lock that ``HOLD_TICKETS`` took, by a statement of its own: its snapshot is not older.
TASKS_OF_TICKETS = f"""
{_TASK} FROM follow_ups f LEFT JOIN ratings r USING (follow_up_id)
WHERE f.ticket_id = ANY($1::uuid[]) ORDER BY f.ticket_id, f.round
"""
TASKS_BY_IDS = f"""
{_TASK}, t.ticket_no
FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (follow_up_id, place)
JOIN follow_ups f USING (follow_up_id) JOIN tickets t USING (ticket_id)
LEFT JOIN ratings r USING (follow_up_id) ORDER BY wanted.place
"""
TICKET_OF_FOLLOW_UP = "SELECT ticket_id FROM follow_ups WHERE follow_up_id = $1"

SAVE = """
WITH head AS (
    UPDATE tickets t SET closed_at = n.closed_at, version = n.version, last_at = n.last_at, last_hash = n.last_hash
    FROM unnest($1::uuid[], $2::timestamptz[], $3::bigint[], $4::timestamptz[], $5::text[])
        AS n (ticket_id, closed_at, version, last_at, last_hash)
    WHERE t.ticket_id = n.ticket_id
), task AS (
    INSERT INTO follow_ups (follow_up_id, ticket_id, round, unit, since, opened_at, outcome, ended_at)
    SELECT * FROM unnest($6::uuid[], $7::uuid[], $8::smallint[], $9::text[], $10::timestamptz[],
        $11::timestamptz[], $12::text[], $13::timestamptz[])
    ON CONFLICT (follow_up_id) DO UPDATE SET outcome = excluded.outcome, ended_at = excluded.ended_at
    WHERE follow_ups.outcome IS NULL AND excluded.outcome IS NOT NULL
), tried AS (
    INSERT INTO attempts (follow_up_id, attempt, outcome, at)
    SELECT * FROM unnest($14::uuid[], $15::smallint[], $16::text[], $17::timestamptz[])
    ON CONFLICT DO NOTHING
), said AS (
    INSERT INTO ratings (rating_id, follow_up_id, ticket_id, round, unit, level, solved, redo_requested, via,
        given_at, state, formed_at, stands_in)
    SELECT * FROM unnest($18::uuid[], $19::uuid[], $20::uuid[], $21::smallint[], $22::text[], $23::text[],
        $24::boolean[], $25::boolean[], $26::text[], $27::timestamptz[], $28::text[], $29::timestamptz[],
        $30::boolean[])
    ON CONFLICT (rating_id) DO UPDATE SET state = excluded.state, formed_at = excluded.formed_at,
        stands_in = excluded.stands_in
    WHERE ratings.state <> excluded.state
), told AS (
    INSERT INTO outbox (topic, key, headers, value, event_id)
    SELECT * FROM unnest($39::text[], $40::bytea[], $41::bytea[], $42::bytea[], $43::uuid[])
)
INSERT INTO history (ticket_id, seq, event_id, type, at, item, previous_hash, hash)
SELECT * FROM unnest($31::uuid[], $32::bigint[], $33::uuid[], $34::text[], $35::timestamptz[], $36::bytea[],
    $37::text[], $38::text[])
"""

ADD_TICKETS = """
WITH charged AS (
    INSERT INTO assignments (assignment_id, ticket_id, unit)
    SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::text[])
)
INSERT INTO tickets (ticket_id, ticket_no, version, last_hash)
SELECT new.ticket_id, new.ticket_no, 0, $3 FROM unnest($1::uuid[], $2::text[]) AS new (ticket_id, ticket_no)
"""
CHARGES = "SELECT assignment_id, ticket_id, unit FROM assignments WHERE assignment_id = ANY($1::uuid[])"

CLOCKS_OF_TICKETS = """
SELECT clock_id, ticket_id, unit, due_at, state, red FROM duty_clocks WHERE ticket_id = ANY($1::uuid[])
"""
PUT_CLOCKS = """
WITH clock AS (
    INSERT INTO duty_clocks (clock_id, ticket_id, unit, due_at, state, red)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::boolean[])
    ON CONFLICT (clock_id) DO UPDATE SET due_at = excluded.due_at, state = excluded.state, red = excluded.red
)
INSERT INTO due_tickets (ticket_id, unit, due_at, standing)
SELECT * FROM unnest($7::uuid[], $8::text[], $9::timestamptz[], $10::text[])
ON CONFLICT (ticket_id, unit) DO UPDATE SET due_at = excluded.due_at, standing = excluded.standing
WHERE due_tickets.due_at <> excluded.due_at OR due_tickets.standing <> excluded.standing
"""

PUT_UNITS = """
INSERT INTO units (code, version, name, "group", parent)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
ON CONFLICT (code) DO UPDATE SET version = excluded.version, name = excluded.name, "group" = excluded."group",
    parent = excluded.parent
WHERE units.version < excluded.version
"""
UNITS = 'SELECT code, version, name, "group", parent FROM units ORDER BY code'
ADD_POLICIES = """
INSERT INTO policies (version, effective_from, document)
SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::jsonb[]) ON CONFLICT DO NOTHING
"""
POLICY_AT = """
SELECT version, document->'follow_up' AS follow_up, document->'scorecard' AS scorecard FROM policies
WHERE effective_from <= $1 ORDER BY effective_from DESC, version DESC LIMIT 1
"""
ANY_POLICY = "SELECT EXISTS (SELECT FROM policies)"

# One grouped look at each of the four lists; $1 and $2 bound the month, $3 lets a first rating stand in: then a
# redo whose follow-up ended unrated is not left out, its first rating is counted instead.
TALLIES = """
SELECT 'due' AS kind, unit, standing AS word, NULL::boolean AS solved, count(*) AS n
FROM due_tickets WHERE due_at >= $1 AND due_at < $2 GROUP BY unit, standing
UNION ALL
SELECT 'rated', unit, level, solved, count(*)
FROM ratings WHERE state = 'formed' AND formed_at >= $1 AND formed_at < $2 AND ($3 OR NOT stands_in)
GROUP BY unit, level, solved
UNION ALL
SELECT 'unrated', unit, 'redo_pending', NULL, count(*)
FROM ratings WHERE state = 'pending' AND given_at >= $1 AND given_at < $2 GROUP BY unit
UNION ALL
SELECT 'unrated', unit, outcome, NULL, count(*)
FROM follow_ups WHERE outcome <> 'rated' AND ended_at >= $1 AND ended_at < $2 AND (round = 1 OR NOT $3)
GROUP BY unit, outcome
"""
