"""What is broken behind the system's back, and the invariants that must name it."""

LAST_ITEM = "(SELECT ticket_id, max(seq) FROM history GROUP BY ticket_id HAVING max(seq) > 3 LIMIT 1)"
SENT_CARD = "(SELECT card_id FROM cards WHERE card = '{}' LIMIT 1)"
CHANGED_BYTE = "UPDATE history SET item = set_byte(item, {at}, 120) WHERE (ticket_id, seq) IN " + LAST_ITEM
APPEND = """
WITH victim AS (
  SELECT r.* FROM records r JOIN partitions p ON p.id = r.partition_id JOIN topics t ON t.id = p.topic_id
  WHERE t.name = '{topic}' ORDER BY r.partition_id, r."offset" LIMIT 1
), grown AS (
  UPDATE partitions p SET next_offset = next_offset + 1 FROM victim WHERE p.id = victim.partition_id
  RETURNING p.id, p.next_offset - 1 AS place
)
INSERT INTO records (partition_id, "offset", key, headers, value)
SELECT victim.partition_id, grown.place, victim.key, victim.headers, victim.value || '{more}'::bytea
FROM victim, grown
"""
OF_TOPIC = """
SELECT r.partition_id, {which}(r."offset") FROM records r JOIN partitions p ON p.id = r.partition_id
JOIN topics t ON t.id = p.topic_id WHERE t.name = '{topic}' GROUP BY r.partition_id LIMIT 1
"""
FALSE_RED = """
INSERT INTO cards (card_id, clock_id, ticket_id, assignment_id, duty, type, unit, round, card, was, due_at, at,
  issued_at, policy_version, calendar_versions, why)
SELECT gen_random_uuid(), clock_id, ticket_id, assignment_id, duty, type, unit, round, 'red', card, due_at, due_at,
  due_at + interval '1 microsecond', policy_version, calendar_versions, ''
FROM clocks WHERE state = 'met' LIMIT 1
"""

CONTROLS: dict[str, tuple[str, str, set[str]]] = {
    "an outbox row of a ticket": (
        "routing",
        "DELETE FROM outbox WHERE topic = 'routing.tickets'",
        {"history-published"},
    ),
    "an outbox row of a request": (
        "intake",
        "DELETE FROM outbox WHERE topic = 'intake.requests'",
        {"history-published"},
    ),
    "an outbox row of words": (
        "intake",
        "DELETE FROM outbox WHERE topic = 'intake.texts'",
        {"texts-published"},
    ),
    "an outbox row of a unit": (
        "routing",
        "DELETE FROM outbox WHERE topic = 'reference.units'",
        {"references-published"},
    ),
    "an outbox row twice": (
        "routing",
        "INSERT INTO outbox (topic, key, headers, value, event_id) SELECT topic, key, headers, value, event_id FROM outbox",
        {"outbox"},
    ),
    "unreadable headers in the outbox": (
        "routing",
        "UPDATE outbox SET headers = '[]' WHERE topic = 'routing.tickets'",
        {"outbox", "history-published"},
    ),
    "a position row of sla": (
        "sla",
        (
            "DELETE FROM positions WHERE (topic, partition) IN"
            " (SELECT topic, partition FROM positions WHERE topic = 'routing.tickets' AND next_offset > 0 LIMIT 1)"
        ),
        {"positions"},
    ),
    "the only position row of a topic": (
        "sla",
        "DELETE FROM positions WHERE topic = 'reference.units'",
        {"positions", "consumed-sequences"},
    ),
    "a position row of routing": (
        "routing",
        (
            "DELETE FROM positions WHERE (topic, partition) IN"
            " (SELECT topic, partition FROM positions WHERE topic = 'intake.requests' AND next_offset > 0 LIMIT 1)"
        ),
        {"positions"},
    ),
    "a position set forward": (
        "routing",
        "UPDATE positions SET next_offset = next_offset + 1 WHERE topic = 'intake.requests' AND next_offset > 0",
        {"positions"},
    ),
    "a position set back": (
        "routing",
        "UPDATE positions SET next_offset = 0 WHERE topic = 'intake.requests'",
        {"consumed-sequences", "consumed"},
    ),
    "a last sequence": (
        "sla",
        "DELETE FROM consumed_subjects WHERE topic = 'routing.tickets'",
        {"consumed-sequences"},
    ),
    "a parked record": (
        "sla",
        (
            "INSERT INTO parked SELECT topic, incarnation, partition, next_offset - 1, 'k', '[]', NULL, 'broken'"
            " FROM positions WHERE next_offset > 0 LIMIT 1"
        ),
        {"nothing-parked"},
    ),
    "a green card row": (
        "sla",
        f"DELETE FROM cards WHERE card_id IN {SENT_CARD.format('green')}",
        {"cards-published", "cards"},
    ),
    "a red card row": (
        "sla",
        f"DELETE FROM cards WHERE card_id IN {SENT_CARD.format('red')}",
        {"cards-published", "cards"},
    ),
    "a false red card": ("sla", FALSE_RED, {"cards-published", "cards"}),
    "a card with another instant": (
        "sla",
        f"UPDATE cards SET at = at + interval '1 microsecond' WHERE card_id IN {SENT_CARD.format('red')}",
        {"cards-published", "cards"},
    ),
    "a card withdrawn by hand": (
        "sla",
        f"UPDATE cards SET standing = false WHERE card_id IN {SENT_CARD.format('red')}",
        {"cards"},
    ),
    "a clock's row": (
        "sla",
        "DELETE FROM clocks WHERE clock_id IN (SELECT clock_id FROM clocks WHERE duty = 'sign' LIMIT 1)",
        {"clocks-published", "consumed", "cards"},
    ),
    "a deadline moved by a microsecond": (
        "sla",
        (
            "UPDATE clocks SET due_at = due_at + interval '1 microsecond' WHERE clock_id IN"
            " (SELECT clock_id FROM clocks WHERE duty = 'sign' AND state = 'met' LIMIT 1)"
        ),
        {"deadlines"},
    ),
    "a clock that was late and says met": (
        "sla",
        "UPDATE clocks SET state = 'met' WHERE state = 'late'",
        {"clocks"},
    ),
    "a clock whose timer is disarmed": (
        "sla",
        "UPDATE clocks SET next_transition_at = NULL WHERE state = 'running' AND card = 'green'",
        {"cards"},
    ),
    "a timer that stands still": (
        "local",
        "UPDATE instance SET virtual_now = virtual_now + interval '30 days'",
        {"cards-on-time"},
    ),
    "the last history row": (
        "routing",
        f"DELETE FROM history WHERE (ticket_id, seq) IN {LAST_ITEM}",
        {"history-chain", "history-published"},
    ),
    "a history row in the middle": (
        "routing",
        "DELETE FROM history WHERE (ticket_id, seq) IN (SELECT ticket_id, 2 FROM tickets WHERE version > 3 LIMIT 1)",
        {"history-chain", "history-published"},
    ),
    "the first history row of a request": (
        "intake",
        "DELETE FROM request_history WHERE request_id IN (SELECT request_id FROM requests LIMIT 1)",
        {"history-chain", "history-published"},
    ),
    "one byte of a history item": (
        "routing",
        CHANGED_BYTE.format(at="position('sub' in encode(item, 'escape')) + 5"),
        {"history-chain"},
    ),
    "a byte of a history item, and its hash made to fit": (
        "routing",
        (
            "UPDATE history SET item = convert_to(replace(convert_from(item, 'UTF8'), '520402', '520403'), 'UTF8'),"
            " hash = encode(sha256(convert_to(previous_hash || replace(convert_from(item, 'UTF8'), '520402', '520403'),"
            " 'UTF8')), 'hex') WHERE (ticket_id, seq) IN (SELECT ticket_id, max(seq) FROM history"
            " WHERE position(convert_to('520402', 'UTF8') IN item) > 0 GROUP BY ticket_id LIMIT 1)"
        ),
        {"history-chain", "history-published"},
    ),
    "a follow-up since another instant": (
        "evaluation",
        "UPDATE follow_ups SET since = since + interval '1 second' WHERE round = 2",
        {"follow-ups"},
    ),
    "a rating made better": (
        "evaluation",
        "UPDATE ratings SET level = 'satisfied' WHERE level = 'very_dissatisfied'",
        {"ratings"},
    ),
    "a refused redo that did not form its rating": (
        "evaluation",
        "UPDATE ratings SET state = 'pending', formed_at = NULL WHERE level = 'dissatisfied'",
        {"ratings"},
    ),
    "a first rating that routing lost": (
        "routing",
        "DELETE FROM first_ratings WHERE ticket_id IN (SELECT ticket_id FROM first_ratings LIMIT 1)",
        {"consumed"},
    ),
    "a redo's deadline moved by a microsecond": (
        "sla",
        "UPDATE clocks SET due_at = due_at + interval '1 microsecond' WHERE duty = 'redo'",
        {"deadlines"},
    ),
    "a redo that was met and runs again": (
        "sla",
        "UPDATE clocks SET state = 'running', stopped_at = NULL WHERE duty = 'redo' AND stopped_at IS NOT NULL",
        {"clocks"},
    ),
    "a follow-up's clock": (
        "sla",
        "DELETE FROM clocks WHERE clock_id IN (SELECT clock_id FROM clocks WHERE duty = 'follow_up' LIMIT 1)",
        {"clocks-published", "consumed", "cards"},
    ),
    "a follow-up's clock that is counted against a unit": (
        "sla",
        "UPDATE clocks SET unit = '520402' WHERE duty = 'follow_up'",
        {"consumed"},
    ),
    "a follow-up that counts from when it was opened": (
        "sla",
        "UPDATE clocks SET started_at = started_at + interval '1 second' WHERE duty = 'follow_up'",
        {"deadlines"},
    ),
    "a lost rating": ("evaluation", "DELETE FROM ratings WHERE level = 'satisfied'", {"ratings"}),
    "a late clock that counts as in time": (
        "evaluation",
        "UPDATE duty_clocks SET state = 'met', red = false WHERE state = 'late' OR red",
        {"measured-clocks"},
    ),
    "a byte of an evaluation's history": (
        "evaluation",
        "UPDATE history SET item = set_byte(item, 20, 120) WHERE seq = 2",
        {"history-chain"},
    ),
    "an entry's history row": (
        "knowledge",
        "DELETE FROM history WHERE seq = 2",
        {"history-chain", "history-published"},
    ),
    "a ticket's state": (
        "routing",
        "UPDATE tickets SET state = 'closed' WHERE state = 'sign_pending'",
        {"ticket-state"},
    ),
    "a ticket number": (
        "routing",
        "UPDATE tickets SET ticket_no = '20260213-999999' WHERE ticket_no = (SELECT min(ticket_no) FROM tickets)",
        {"consumed"},
    ),
    "a malformed ticket number": (
        "intake",
        "UPDATE requests SET ticket_no = '1' WHERE ticket_no = (SELECT min(ticket_no) FROM requests)",
        {"requests-numbered"},
    ),
    "words that routing lost": (
        "routing",
        "DELETE FROM texts WHERE text_id IN (SELECT text_id FROM texts WHERE kind = 'request' LIMIT 1)",
        {"consumed"},
    ),
    "words changed after they were sent": (
        "routing",
        "UPDATE texts SET sealed = sealed || '1'::bytea WHERE kind = 'reply'",
        {"texts-published"},
    ),
    "a phone number in a history": (
        "routing",
        "UPDATE history SET item = convert_to(replace(convert_from(item, 'UTF8'), '\"lead\"', '\"13800001234\"'), 'UTF8')",
        {"texts-sealed", "history-chain"},
    ),
    "a policy changed in place": (
        "sla",
        "UPDATE policies SET author = 'somebody'",
        {"references-published"},
    ),
    "a calendar row": ("sla", "DELETE FROM calendars WHERE year = 2026", {"references-published"}),
    "a topic record doubled with other bytes": (
        "bus",
        APPEND.format(topic="routing.tickets", more=" "),
        {"topic-sequence"},
    ),
    "an unreadable record": (
        "bus",
        (
            f"UPDATE records SET value = '{{' WHERE (partition_id, \"offset\") IN"
            f" ({OF_TOPIC.format(which='max', topic='routing.tickets')})"
        ),
        {"records-readable", "history-published"},
    ),
    "the last record of a topic": (
        "bus",
        (
            f'DELETE FROM records WHERE (partition_id, "offset") IN'
            f" ({OF_TOPIC.format(which='max', topic='sla.clocks')})"
        ),
        {"log-contiguous", "clocks-published"},
    ),
    "the first record of a topic": (
        "bus",
        (
            f'DELETE FROM records WHERE (partition_id, "offset") IN'
            f" ({OF_TOPIC.format(which='min', topic='routing.tickets')})"
        ),
        {"log-contiguous", "topic-sequence", "history-published"},
    ),
    "a bus from elsewhere": ("bus", "UPDATE instance SET id = gen_random_uuid()", {"one-instance"}),
}
