"""Tables of knowledge-svc. What may be quoted stands in ``search_documents`` and nowhere else."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from hotline_chassis.tables import Instant, metadata_with_chassis

METADATA = metadata_with_chassis()

# No foreign key to the unit above: a copy takes units in any order.
UNITS = Table(
    "units",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("parent", Text),
    Index("ix_units_parent", "parent"),
)

ENTRIES = Table(
    "entries",
    METADATA,
    Column("entry_id", Uuid, primary_key=True),
    Column("site", Text, nullable=False),
    Column("unit", Text, ForeignKey("units.code"), nullable=False),
    # State, kind and number of the newest version.
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("published_version", Integer),
    Column("created_at", Instant, nullable=False),
    # Head of the history chain: seq, instant and hash of the last item.
    Column("revision", BigInteger, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_hash", Text, nullable=False),
    CheckConstraint("published_version <= version", name="published_version"),
    Index("ix_entries_created_at", "created_at", "entry_id"),
    Index("ix_entries_unit", "unit"),
)

VERSIONS = Table(
    "versions",
    METADATA,
    Column("entry_id", Uuid, ForeignKey("entries.entry_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("source_url", Text),
    Column("valid_from", Instant),
    Column("valid_until", Instant),
    Column("written_by", Text, nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("submitted_by", Text),
    Column("submitted_at", Instant),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("reason", Text),
    CheckConstraint("valid_until > valid_from", name="validity"),
    # Who approves is never who wrote or submitted, whatever the code believes.
    CheckConstraint(
        "state <> 'published' OR (decided_by <> written_by AND decided_by <> submitted_by)", name="four_eyes"
    ),
    # One version stands at a time.
    Index("ix_versions_published", "entry_id", unique=True, postgresql_where=text("state = 'published'")),
)

HISTORY = Table(
    "history",
    METADATA,
    Column("entry_id", Uuid, ForeignKey("entries.entry_id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("at", Instant, nullable=False),
    # RFC 8785 bytes of the item without both hashes, as they were hashed.
    Column("item", LargeBinary, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# Approved versions with the span in which each is found; spans of one entry do not overlap.
SEARCH_DOCUMENTS = Table(
    "search_documents",
    METADATA,
    Column("entry_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("since", Instant),
    Column("until", Instant),
    # Letters, characters and digits only, folded: what a query's terms must stand in.
    Column("title_text", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("words", TSVECTOR, nullable=False),
    # Single characters and pairs of neighbours, of the title alone and of everything.
    Column("title_grams", ARRAY(Text), nullable=False),
    Column("grams", ARRAY(Text), nullable=False),
    Column("edition", Text, nullable=False),
    ForeignKeyConstraint(["entry_id", "version"], ["versions.entry_id", "versions.version"]),
    Index("ix_search_documents_words", "words", postgresql_using="gin"),
    Index("ix_search_documents_title_grams", "title_grams", postgresql_using="gin"),
    Index("ix_search_documents_grams", "grams", postgresql_using="gin"),
)
