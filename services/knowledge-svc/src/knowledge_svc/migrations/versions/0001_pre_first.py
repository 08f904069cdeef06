"""The chassis' tables; units, entries with versions and history, and what is found of them."""

from alembic import op

from hotline_chassis.migrations.own_tables import CREATE_0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    *CREATE_0001,
    """
    CREATE TABLE units (
        code TEXT NOT NULL,
        version INTEGER NOT NULL,
        name TEXT NOT NULL,
        parent TEXT,
        CONSTRAINT pk_units PRIMARY KEY (code)
    )
    """,
    "CREATE INDEX ix_units_parent ON units (parent)",
    """
    CREATE TABLE entries (
        entry_id UUID NOT NULL,
        site TEXT NOT NULL,
        unit TEXT NOT NULL,
        state TEXT NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        published_version INTEGER,
        created_at TIMESTAMPTZ NOT NULL,
        revision BIGINT NOT NULL,
        last_at TIMESTAMPTZ NOT NULL,
        last_hash TEXT NOT NULL,
        CONSTRAINT pk_entries PRIMARY KEY (entry_id),
        CONSTRAINT ck_entries_published_version CHECK (published_version <= version),
        CONSTRAINT fk_entries_unit FOREIGN KEY (unit) REFERENCES units (code)
    )
    """,
    "CREATE INDEX ix_entries_created_at ON entries (created_at, entry_id)",
    "CREATE INDEX ix_entries_unit ON entries (unit)",
    """
    CREATE TABLE versions (
        entry_id UUID NOT NULL,
        version INTEGER NOT NULL,
        state TEXT NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        body TEXT NOT NULL,
        source_url TEXT,
        valid_from TIMESTAMPTZ,
        valid_until TIMESTAMPTZ,
        written_by TEXT NOT NULL,
        written_at TIMESTAMPTZ NOT NULL,
        submitted_by TEXT,
        submitted_at TIMESTAMPTZ,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        reason TEXT,
        CONSTRAINT pk_versions PRIMARY KEY (entry_id, version),
        CONSTRAINT ck_versions_validity CHECK (valid_until > valid_from),
        CONSTRAINT ck_versions_four_eyes CHECK (state <> 'published' OR (decided_by <> written_by AND decided_by <> submitted_by)),
        CONSTRAINT fk_versions_entry_id FOREIGN KEY (entry_id) REFERENCES entries (entry_id)
    )
    """,
    "CREATE UNIQUE INDEX ix_versions_published ON versions (entry_id) WHERE state = 'published'",
    """
    CREATE TABLE history (
        entry_id UUID NOT NULL,
        seq BIGINT NOT NULL,
        event_id UUID NOT NULL,
        type TEXT NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        item BYTEA NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL,
        CONSTRAINT pk_history PRIMARY KEY (entry_id, seq),
        CONSTRAINT fk_history_entry_id FOREIGN KEY (entry_id) REFERENCES entries (entry_id),
        CONSTRAINT uq_history_event_id UNIQUE (event_id)
    )
    """,
    """
    CREATE TABLE search_documents (
        entry_id UUID NOT NULL,
        version INTEGER NOT NULL,
        since TIMESTAMPTZ,
        until TIMESTAMPTZ,
        title_text TEXT NOT NULL,
        body_text TEXT NOT NULL,
        words TSVECTOR NOT NULL,
        title_grams TEXT[] NOT NULL,
        grams TEXT[] NOT NULL,
        edition TEXT NOT NULL,
        CONSTRAINT pk_search_documents PRIMARY KEY (entry_id, version),
        CONSTRAINT fk_search_documents_entry_id_version FOREIGN KEY (entry_id, version) REFERENCES versions (entry_id, version)
    )
    """,
    "CREATE INDEX ix_search_documents_words ON search_documents USING gin (words)",
    "CREATE INDEX ix_search_documents_title_grams ON search_documents USING gin (title_grams)",
    "CREATE INDEX ix_search_documents_grams ON search_documents USING gin (grams)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
