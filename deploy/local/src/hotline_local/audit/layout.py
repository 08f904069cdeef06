"""What the audit knows of the system: whose tables and topics there are, and the statements that read them.

Written out here and not asked of the services, so that a mistake there cannot excuse itself here; a test
holds it against what the running services say of themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

LOCAL = "local"
BUS = "bus"


@dataclass(frozen=True, slots=True)
class ServiceLayout:
    """One service's database.

    Attributes:
        publishes: topics of which this service is the one writer.
        consumes: topics that it reads, from their beginning.
        tables: statements by the name under which their rows are kept.
    """

    publishes: tuple[str, ...]
    consumes: tuple[str, ...]
    tables: Mapping[str, str] = field(default_factory=dict)


CHASSIS_TABLES: Mapping[str, str] = {
    "outbox": "SELECT id, topic, key, headers, value, event_id FROM outbox ORDER BY id",
    "positions": "SELECT topic, incarnation, partition, next_offset FROM positions",
    "consumed_subjects": "SELECT topic, subject, last_sequence FROM consumed_subjects",
    "parked": 'SELECT topic, incarnation, partition, "offset", key, reason FROM parked',
}

SERVICES: Mapping[str, ServiceLayout] = {
    "intake": ServiceLayout(
        publishes=("intake.requests", "intake.texts"),
        consumes=(),
        tables={
            "requests": """
SELECT request_id AS id, outcome, channel_ref, ticket_id, ticket_no, text_id, seq AS version, last_hash FROM requests
""",
            # The chain's links are not stored here; a missing row breaks the hash of the one after it.
            "history": """
SELECT request_id AS id, seq, NULL::uuid AS event_id, NULL::text AS type, NULL::timestamptz AS at, item, hash,
  coalesce(lag(hash) OVER (PARTITION BY request_id ORDER BY seq), repeat('0', 64)) AS previous_hash
FROM request_history ORDER BY request_id, seq
""",
        },
    ),
    "routing": ServiceLayout(
        publishes=("routing.tickets", "routing.texts", "reference.units"),
        consumes=("intake.requests", "intake.texts", "evaluation.ratings"),
        tables={
            "tickets": """
SELECT ticket_id AS id, ticket_no, state, version, last_at, last_hash FROM tickets
""",
            "assignments": """
SELECT assignment_id, ticket_id, unit, role, state, delivered_at, signed_at, replied_at FROM assignments
""",
            "history": """
SELECT ticket_id AS id, seq, event_id, type, at, item, hash, previous_hash FROM history ORDER BY ticket_id, seq
""",
            "texts": "SELECT text_id, ticket_id, key_id, sealed, kind FROM texts",
            "first_ratings": "SELECT ticket_id, rating_id, level, redo_requested FROM first_ratings",
            "units": 'SELECT code, version, name, "group", parent, uscc, put_at FROM units',
        },
    ),
    "sla": ServiceLayout(
        publishes=("sla.clocks", "reference.policies", "reference.calendars"),
        consumes=("routing.tickets", "evaluation.ratings", "reference.units"),
        tables={
            "tickets": "SELECT ticket_id, ticket_no FROM tickets",
            "units": "SELECT code, version FROM units",
            "clocks": """
SELECT clock_id, subject_id, ticket_id, assignment_id, unit, duty, type, emergent, round, started_at, warn_at,
  due_at, card, state, stopped_at, reopened_at, policy_version, calendar_versions, calendar_status,
  next_transition_at, held, sequence, last_at
FROM clocks
""",
            "cards": """
SELECT card_id, clock_id, ticket_id, assignment_id, duty, type, unit, round, card, was, due_at, at, issued_at,
  standing, policy_version, calendar_versions, why
FROM cards ORDER BY clock_id, issued_at
""",
            "policies": "SELECT version, effective_from, author, reason, document FROM policies",
            "calendars": "SELECT layer, year, version, status, source, days FROM calendars",
        },
    ),
    "evaluation": ServiceLayout(
        publishes=("evaluation.ratings",),
        consumes=("routing.tickets", "sla.clocks", "reference.units", "reference.policies"),
        tables={
            "tickets": "SELECT ticket_id AS id, version, last_hash FROM tickets",
            "history": """
SELECT ticket_id AS id, seq, event_id, type, at, item, hash, previous_hash FROM history ORDER BY ticket_id, seq
""",
            "follow_ups": "SELECT follow_up_id, ticket_id, round, unit, since FROM follow_ups",
            "ratings": """
SELECT rating_id, ticket_id, round, unit, level, solved, redo_requested, given_at, formed_at FROM ratings
""",
            "duty_clocks": "SELECT clock_id, unit, due_at, state, red FROM duty_clocks",
        },
    ),
    "knowledge": ServiceLayout(
        publishes=("knowledge.entries",),
        consumes=("reference.units",),
        tables={
            "entries": "SELECT entry_id AS id, revision AS version, last_hash FROM entries",
            "history": """
SELECT entry_id AS id, seq, event_id, type, at, item, hash, previous_hash FROM history ORDER BY entry_id, seq
""",
        },
    ),
}

WRITERS: Mapping[str, str] = {
    topic: name for name, service in SERVICES.items() for topic in service.publishes
}
"""The one service that writes each topic."""

INSTANCE_OF_DATA = "SELECT instance_id, virtual_now, kafka, namespace FROM instance"
CITY_DAY_EXISTS = "SELECT to_regclass('city_day') IS NOT NULL AS found"
CITY_DAY = "SELECT seed, scale, days, differences FROM city_day"
INSTANCE_OF_BUS = "SELECT id FROM instance"
ENDS = """
SELECT t.name, t.incarnation::text AS incarnation, p.id, p.number, p.next_offset
FROM topics t JOIN partitions p ON p.topic_id = t.id ORDER BY t.id, p.number
"""
RECORDS = """
SELECT partition_id, "offset", key, headers, value FROM records ORDER BY partition_id, "offset"
"""
WATERMARKS = """
SELECT t.name, w.complete_before FROM watermarks w JOIN topics t ON t.id = w.topic_id
"""
DUE_CLOCKS = """
SELECT clock_id, duty, next_transition_at FROM clocks
WHERE next_transition_at IS NOT NULL AND NOT held AND next_transition_at < $1
"""
