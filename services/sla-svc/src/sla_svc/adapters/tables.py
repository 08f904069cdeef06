"""This service's tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hotline_chassis.tables import Instant, metadata_with_chassis

metadata = metadata_with_chassis()

tickets = Table(
    "tickets",
    metadata,
    Column("ticket_id", Uuid, primary_key=True),
    Column("ticket_no", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("emergent", Text),
)

clocks = Table(
    "clocks",
    metadata,
    Column("clock_id", Uuid, primary_key=True),
    Column("subject_id", Uuid, nullable=False),
    Column("ticket_id", Uuid),
    Column("assignment_id", Uuid),
    Column("unit", Text),
    Column("duty", Text, nullable=False),
    Column("type", Text),
    Column("emergent", Text),
    Column("round", SmallInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("warn_at", Instant),
    Column("due_at", Instant, nullable=False),
    Column("card", Text),
    Column("state", Text, nullable=False),
    Column("stopped_at", Instant),
    Column("reopened_at", Instant),
    Column("policy_version", Integer, nullable=False),
    Column("calendar_versions", JSONB, nullable=False),
    Column("calendar_status", Text, nullable=False),
    # The instant whose passing changes the clock by itself: what the timer looks for.
    Column("next_transition_at", Instant),
    # Waits for a parked fact of its key: the timer must not judge it meanwhile.
    Column("held", Boolean, nullable=False, server_default=text("false")),
    Column("sequence", Integer, nullable=False),
    # Instant of its last event.
    Column("last_at", Instant, nullable=False),
    CheckConstraint("(state = 'running' OR state = 'open') = (stopped_at IS NULL)", name="stopped"),
    Index(
        "ix_clocks_next_transition_at",
        "next_transition_at",
        postgresql_where=text("next_transition_at IS NOT NULL AND NOT held"),
    ),
    Index("ix_clocks_subject_id", "subject_id"),
    # Of a ticket, but about something else; most clocks are about the ticket itself and found by it.
    Index("ix_clocks_ticket_id", "ticket_id", postgresql_where=text("ticket_id <> subject_id")),
    Index("ix_clocks_unit", "unit", "started_at"),
    Index("ix_clocks_started_at", "started_at", "clock_id"),
    postgresql_with={"fillfactor": 90},
)

# Rows are never changed by what a clock does later; only a correcting fact marks one as withdrawn.
cards = Table(
    "cards",
    metadata,
    Column("card_id", Uuid, primary_key=True),
    Column("clock_id", Uuid, nullable=False),
    Column("ticket_id", Uuid),
    Column("assignment_id", Uuid),
    Column("duty", Text, nullable=False),
    Column("type", Text),
    Column("unit", Text),
    Column("round", SmallInteger, nullable=False),
    Column("card", Text, nullable=False),
    Column("was", Text),
    Column("due_at", Instant, nullable=False),
    Column("at", Instant, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("standing", Boolean, nullable=False, server_default=text("true")),
    Column("withdrawn_reason", Text),
    Column("policy_version", Integer, nullable=False),
    Column("calendar_versions", JSONB, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_cards_at", "at", "card_id"),
    Index("ix_cards_ticket_id", "ticket_id"),
    Index("ix_cards_unit", "unit", "at"),
)

policies = Table(
    "policies",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("document", JSONB, nullable=False),
)

calendars = Table(
    "calendars",
    metadata,
    Column("layer", Text, primary_key=True),
    Column("year", SmallInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("days", JSONB, nullable=False),
)

units = Table(
    "units",
    metadata,
    Column("code", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Text),
    Index("ix_units_parent", "parent"),
)
