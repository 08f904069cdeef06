"""This service's tables."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from hotline_chassis.tables import Instant, metadata_with_chassis

metadata = metadata_with_chassis()

# One row for each phone that ever called, and one for each request without a phone: who holds the key
# can read the requester's words, so deleting the row erases them (rule H2).
requesters = Table(
    "requesters",
    metadata,
    Column("requester_id", Uuid, primary_key=True),
    Column("phone_hash", LargeBinary, unique=True),
    Column("key_id", Uuid, nullable=False),
    Column("master_key_id", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("channel_ref", Text),
    # Keyed hash of the whole body: what a repeated channel_ref is compared with.
    Column("fingerprint", LargeBinary, nullable=False),
    Column("type", Text, nullable=False),
    Column("category", Text),
    Column("area_code", Text, nullable=False),
    Column("emergent", Text),
    Column("confidential", Boolean, nullable=False),
    Column("linkage_system", Text),
    Column("linkage_number", Text),
    Column("linkage_level", Text),
    Column("received_at", Instant),
    Column("requester_id", Uuid, ForeignKey("requesters.requester_id")),
    # Words of domain.requests, sealed with the requester's key; null once erased.
    Column("sealed", LargeBinary),
    Column("outcome", Text, nullable=False),
    # The first outcome was pending: what a repeated channel_ref is answered with.
    Column("held", Boolean, nullable=False),
    # Minted with the request and key of all its facts, also when it never becomes a ticket.
    Column("ticket_id", Uuid, nullable=False),
    Column("ticket_no", Text),
    Column("text_id", Uuid, nullable=False),
    Column("reason", Text),
    # What the requester was told on a decline: the class's own text, or a person's, sealed.
    Column("guidance", Text),
    Column("own_guidance", LargeBinary),
    Column("repeated_ticket_id", Uuid),
    Column("created_at", Instant, nullable=False),
    Column("decided_at", Instant),
    # The end of the history's chain.
    Column("seq", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_hash", Text, nullable=False),
    UniqueConstraint("channel", "channel_ref"),
    UniqueConstraint("ticket_id"),
    UniqueConstraint("ticket_no"),
    CheckConstraint("(outcome = 'accepted') = (ticket_no IS NOT NULL)", name="numbered"),
    CheckConstraint("(outcome = 'declined') = (reason IS NOT NULL)", name="reasoned"),
    CheckConstraint("(outcome = 'pending') = (decided_at IS NULL)", name="decided"),
    CheckConstraint("(sealed IS NULL) = (requester_id IS NULL)", name="erased"),
    Index("ix_requests_created_at_request_id", "created_at", "request_id"),
    Index("ix_requests_requester_id", "requester_id"),
    Index(
        "ix_requests_pending",
        "created_at",
        "request_id",
        postgresql_where=text("outcome = 'pending'"),
    ),
)

# Hash-chained; ``item`` holds the RFC 8785 bytes that were hashed. No personal data.
request_history = Table(
    "request_history",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("item", LargeBinary, nullable=False),
    Column("hash", Text, nullable=False),
)

ticket_serials = Table(
    "ticket_serials",
    metadata,
    Column("day", Date, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
