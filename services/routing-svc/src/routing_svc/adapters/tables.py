"""Tables of routing-svc. Personal data stands here only sealed, under a key per requester."""

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
from sqlalchemy.dialects.postgresql import ARRAY

from hotline_chassis.tables import Instant, metadata_with_chassis

METADATA = metadata_with_chassis()

UNITS = Table(
    "units",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("parent", Text, ForeignKey("units.code")),
    Column("uscc", Text),
    # The unit and all above it: scope is one array test, without walking the tree.
    Column("lineage", ARRAY(Text), nullable=False),
    Column("put_at", Instant, nullable=False),
    CheckConstraint("lineage[1] = code", name="lineage"),
    Index("ix_units_parent", "parent"),
)

DIRECTORY = Table(
    "directory",
    METADATA,
    Column("entry_id", Uuid, primary_key=True),
    Column("category", Text),
    Column("area_code", Text),
    Column("lead", Text, ForeignKey("units.code"), nullable=False),
    Column("supports", ARRAY(Text), nullable=False),
    Column("effective_from", Instant, nullable=False),
    Column("effective_to", Instant),
    CheckConstraint("effective_to > effective_from", name="span"),
    Index("ix_directory_category", "category"),
)

TICKETS = Table(
    "tickets",
    METADATA,
    Column("ticket_id", Uuid, primary_key=True),
    Column("ticket_no", Text, nullable=False, unique=True),
    Column("site", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("nature", Text, nullable=False),
    Column("category", Text),
    Column("area_code", Text, nullable=False),
    Column("emergent", Text),
    Column("confidential", Boolean, nullable=False),
    Column("round", SmallInteger, nullable=False),
    Column("rejections", SmallInteger, nullable=False),
    Column("text_id", Uuid, nullable=False),
    Column("determination", Text),
    Column("replied_by", Text),
    Column("redo_decision", Text),
    Column("created_at", Instant, nullable=False),
    # Head of the history chain: seq, instant and hash of the last item.
    Column("version", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_hash", Text, nullable=False),
    Index("ix_tickets_created_at", "created_at", "ticket_id"),
    Index("ix_tickets_state", "state", "created_at", "ticket_id"),
    postgresql_with={"fillfactor": 90},
)

ASSIGNMENTS = Table(
    "assignments",
    METADATA,
    Column("assignment_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, ForeignKey("tickets.ticket_id"), nullable=False),
    Column("position", SmallInteger, nullable=False),
    Column("parent_assignment_id", Uuid, ForeignKey("assignments.assignment_id")),
    Column("unit", Text, ForeignKey("units.code"), nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("delivered_at", Instant, nullable=False),
    Column("signed_at", Instant),
    Column("replied_at", Instant),
    Column("released_at", Instant),
    Index("ix_assignments_ticket_id", "ticket_id", "position", unique=True),
    Index("ix_assignments_unit", "unit"),
    # One lead at a time, whatever the code believes.
    Index(
        "ix_assignments_lead",
        "ticket_id",
        unique=True,
        postgresql_where=text("role = 'lead' AND released_at IS NULL"),
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

# No foreign keys: words and tickets travel on different topics, and neither waits for the other.
TEXTS = Table(
    "texts",
    METADATA,
    Column("text_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Index("ix_texts_ticket_id", "ticket_id"),
    Index("ix_texts_key_id", "key_id"),
)

# No foreign key either: after a rebuild a rating may be read before its ticket.
FIRST_RATINGS = Table(
    "first_ratings",
    METADATA,
    Column("ticket_id", Uuid, primary_key=True),
    Column("rating_id", Uuid, nullable=False),
    Column("level", Text, nullable=False),
    Column("redo_requested", Boolean, nullable=False),
)

REQUESTER_KEYS = Table(
    "requester_keys",
    METADATA,
    Column("key_id", Uuid, primary_key=True),
    Column("master_key_id", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
