"""Tables of the chassis, the same in every service's database; a service adds them to its metadata."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Instant = DateTime(timezone=True)


def metadata_with_chassis() -> MetaData:
    """A new metadata that already holds the chassis' tables."""
    metadata = MetaData(naming_convention=NAMING)
    add_chassis_tables(metadata)
    return metadata


def add_chassis_tables(metadata: MetaData) -> None:
    """Add outbox, positions, parking, idempotency, stamp floor and keys to a service's metadata."""
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", LargeBinary, nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("value", LargeBinary),
        Column("event_id", Uuid, nullable=False),
    )
    # Writers never stamp below this instant: the relay raises it before it publishes a watermark.
    Table(
        "stamp_floor",
        metadata,
        Column("only", Boolean, primary_key=True, server_default=text("true")),
        Column("complete_before", Instant, nullable=False),
    )
    Table(
        "positions",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("incarnation", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("next_offset", BigInteger, nullable=False),
    )
    Table(
        "consumed_subjects",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("subject", Text, primary_key=True),
        Column("last_sequence", BigInteger, nullable=False),
    )
    Table(
        "parked",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("incarnation", Text, primary_key=True),
        Column("partition", Integer, primary_key=True),
        Column("offset", BigInteger, primary_key=True),
        Column("key", LargeBinary, nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("value", LargeBinary),
        Column("reason", Text, nullable=False),
        Index("ix_parked_topic_key", "topic", "key"),
    )
    Table(
        "skipped_types",
        metadata,
        Column("topic", Text, primary_key=True),
        Column("key", LargeBinary, primary_key=True),
        Column("type", Text, primary_key=True),
        Column("records", BigInteger, nullable=False),
    )
    Table(
        "idempotency",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", LargeBinary, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("stored_at", Instant, nullable=False),
        Index("ix_idempotency_stored_at", "stored_at"),
    )


FIRST_FLOOR = "1970-01-01T00:00:00Z"
"""Below every fact; not -infinity, which drivers read back as a naive instant."""
CREATE_FIRST_FLOOR = f"INSERT INTO stamp_floor (complete_before) VALUES ('{FIRST_FLOOR}')"
"""Every first migration runs this once its tables exist."""
