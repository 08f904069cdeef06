"""Tables of evaluation-svc.

What each consumed topic tells stands in tables of its own, without foreign keys between topics: they are joined
when read, so that no topic waits for another.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hotline_chassis.tables import Instant, metadata_with_chassis

METADATA = metadata_with_chassis()

# --- of routing.tickets, and what people enter about them ------------------------------
TICKETS = Table(
    "tickets",
    METADATA,
    Column("ticket_id", Uuid, primary_key=True),
    Column("ticket_no", Text, nullable=False),
    Column("closed_at", Instant),
    # Head of the history chain of the ticket's evaluation: seq, instant and hash of the last item.
    Column("version", BigInteger, nullable=False),
    Column("last_at", Instant),
    Column("last_hash", Text, nullable=False),
    CheckConstraint("(version = 0) = (last_at IS NULL)", name="head"),
    postgresql_with={"fillfactor": 80},
)

ASSIGNMENTS = Table(
    "assignments",
    METADATA,
    Column("assignment_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
)

FOLLOW_UPS = Table(
    "follow_ups",
    METADATA,
    Column("follow_up_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, ForeignKey("tickets.ticket_id"), nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("outcome", Text),
    Column("ended_at", Instant),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
    Index("ix_follow_ups_ticket_id", "ticket_id", "round", unique=True),
    # One open task at a time, whatever the code believes.
    Index("ix_follow_ups_open", "ticket_id", unique=True, postgresql_where=text("outcome IS NULL")),
    Index("ix_follow_ups_since", "since", "follow_up_id"),
    Index("ix_follow_ups_waiting", "since", "follow_up_id", postgresql_where=text("outcome IS NULL")),
    Index("ix_follow_ups_unit", "unit", "since", "follow_up_id"),
    # A month's exclusions; those that ended rated are counted by their ratings.
    Index(
        "ix_follow_ups_unrated",
        "ended_at",
        postgresql_include=["unit", "outcome", "round"],
        postgresql_where=text("outcome <> 'rated'"),
    ),
    postgresql_with={"fillfactor": 90},
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("follow_up_id", Uuid, ForeignKey("follow_ups.follow_up_id"), primary_key=True),
    Column("attempt", SmallInteger, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

RATINGS = Table(
    "ratings",
    METADATA,
    Column("rating_id", Uuid, primary_key=True),
    Column("follow_up_id", Uuid, ForeignKey("follow_ups.follow_up_id"), nullable=False, unique=True),
    Column("ticket_id", Uuid, ForeignKey("tickets.ticket_id"), nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("solved", Boolean, nullable=False),
    Column("redo_requested", Boolean, nullable=False),
    Column("via", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("formed_at", Instant),
    # Formed only because no second rating came: the policy says whether it counts.
    Column("stands_in", Boolean, nullable=False),
    CheckConstraint("(state = 'formed') = (formed_at IS NOT NULL)", name="formed"),
    # A ticket is rated once in the counts, whatever the code believes.
    Index("ix_ratings_ticket_id", "ticket_id", unique=True, postgresql_where=text("state = 'formed'")),
    Index(
        "ix_ratings_formed_at",
        "formed_at",
        postgresql_include=["unit", "level", "solved", "stands_in"],
        postgresql_where=text("state = 'formed'"),
    ),
    Index(
        "ix_ratings_pending",
        "given_at",
        postgresql_include=["unit"],
        postgresql_where=text("state = 'pending'"),
    ),
    postgresql_with={"fillfactor": 90},
)

HISTORY = Table(
    "history",
    METADATA,
    Column("ticket_id", Uuid, ForeignKey("tickets.ticket_id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # RFC 8785 bytes of the item without both hashes, as they were hashed.
    Column("item", LargeBinary, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# --- of sla.clocks ---------------------------------------------------------------------
DUTY_CLOCKS = Table(
    "duty_clocks",
    METADATA,
    Column("clock_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("red", Boolean, nullable=False),
    Index("ix_duty_clocks_ticket_id", "ticket_id"),
    postgresql_with={"fillfactor": 80},
)

# What a unit's clocks of one ticket come to: counted by month without looking at clocks again.
DUE_TICKETS = Table(
    "due_tickets",
    METADATA,
    Column("ticket_id", Uuid, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("standing", Text, nullable=False),
    Index("ix_due_tickets_due_at", "due_at", postgresql_include=["unit", "standing"]),
    postgresql_with={"fillfactor": 80},
)

# --- of reference.units and reference.policies -----------------------------------------
UNITS = Table(
    "units",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("parent", Text),
    Index("ix_units_parent", "parent"),
)

POLICIES = Table(
    "policies",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Instant, nullable=False),
    Column("document", JSONB, nullable=False),
)
