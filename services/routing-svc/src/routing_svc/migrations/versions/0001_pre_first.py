"""The chassis' tables; tickets with assignments, history and sealed words; units and directory."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "SET LOCAL lock_timeout = '5s'",
    """
    CREATE TABLE consumed_subjects (
        topic TEXT NOT NULL,
        subject TEXT NOT NULL,
        last_sequence BIGINT NOT NULL,
        CONSTRAINT pk_consumed_subjects PRIMARY KEY (topic, subject)
    )
    """,
    """
    CREATE TABLE idempotency (
        scope TEXT NOT NULL,
        fingerprint BYTEA NOT NULL,
        status INTEGER NOT NULL,
        headers BYTEA NOT NULL,
        body BYTEA NOT NULL,
        stored_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_idempotency PRIMARY KEY (scope)
    )
    """,
    "CREATE INDEX ix_idempotency_stored_at ON idempotency (stored_at)",
    """
    CREATE TABLE outbox (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        topic TEXT NOT NULL,
        key BYTEA NOT NULL,
        headers BYTEA NOT NULL,
        value BYTEA,
        event_id UUID NOT NULL,
        CONSTRAINT pk_outbox PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE parked (
        topic TEXT NOT NULL,
        incarnation TEXT NOT NULL,
        partition INTEGER NOT NULL,
        "offset" BIGINT NOT NULL,
        key BYTEA NOT NULL,
        headers BYTEA NOT NULL,
        value BYTEA,
        reason TEXT NOT NULL,
        CONSTRAINT pk_parked PRIMARY KEY (topic, incarnation, partition, "offset")
    )
    """,
    "CREATE INDEX ix_parked_topic_key ON parked (topic, key)",
    """
    CREATE TABLE positions (
        topic TEXT NOT NULL,
        incarnation TEXT NOT NULL,
        partition INTEGER NOT NULL,
        next_offset BIGINT NOT NULL,
        CONSTRAINT pk_positions PRIMARY KEY (topic, incarnation, partition)
    )
    """,
    """
    CREATE TABLE requester_keys (
        key_id UUID NOT NULL,
        master_key_id TEXT NOT NULL,
        wrapped BYTEA NOT NULL,
        CONSTRAINT pk_requester_keys PRIMARY KEY (key_id)
    )
    """,
    """
    CREATE TABLE skipped_types (
        topic TEXT NOT NULL,
        key BYTEA NOT NULL,
        type TEXT NOT NULL,
        records BIGINT NOT NULL,
        CONSTRAINT pk_skipped_types PRIMARY KEY (topic, key, type)
    )
    """,
    """
    CREATE TABLE stamp_floor (
        "only" BOOLEAN DEFAULT true NOT NULL,
        complete_before TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_stamp_floor PRIMARY KEY ("only")
    )
    """,
    """
    CREATE TABLE texts (
        text_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        key_id UUID NOT NULL,
        sealed BYTEA NOT NULL,
        kind TEXT NOT NULL,
        CONSTRAINT pk_texts PRIMARY KEY (text_id)
    )
    """,
    "CREATE INDEX ix_texts_key_id ON texts (key_id)",
    "CREATE INDEX ix_texts_ticket_id ON texts (ticket_id)",
    """
    CREATE TABLE tickets (
        ticket_id UUID NOT NULL,
        ticket_no TEXT NOT NULL,
        site TEXT NOT NULL,
        request_id UUID NOT NULL,
        state TEXT NOT NULL,
        type TEXT NOT NULL,
        nature TEXT NOT NULL,
        category TEXT,
        area_code TEXT NOT NULL,
        emergent TEXT,
        confidential BOOLEAN NOT NULL,
        round SMALLINT NOT NULL,
        rejections SMALLINT NOT NULL,
        text_id UUID NOT NULL,
        determination TEXT,
        replied_by TEXT,
        created_at TIMESTAMPTZ NOT NULL,
        version BIGINT NOT NULL,
        last_at TIMESTAMPTZ NOT NULL,
        last_hash TEXT NOT NULL,
        CONSTRAINT pk_tickets PRIMARY KEY (ticket_id),
        CONSTRAINT uq_tickets_ticket_no UNIQUE (ticket_no)
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_tickets_created_at ON tickets (created_at, ticket_id)",
    "CREATE INDEX ix_tickets_state ON tickets (state, created_at, ticket_id)",
    """
    CREATE TABLE units (
        code TEXT NOT NULL,
        version INTEGER NOT NULL,
        name TEXT NOT NULL,
        "group" TEXT NOT NULL,
        parent TEXT,
        uscc TEXT,
        lineage TEXT[] NOT NULL,
        put_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_units PRIMARY KEY (code),
        CONSTRAINT ck_units_lineage CHECK (lineage[1] = code),
        CONSTRAINT fk_units_parent FOREIGN KEY (parent) REFERENCES units (code)
    )
    """,
    "CREATE INDEX ix_units_parent ON units (parent)",
    """
    CREATE TABLE assignments (
        assignment_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        position SMALLINT NOT NULL,
        parent_assignment_id UUID,
        unit TEXT NOT NULL,
        role TEXT NOT NULL,
        state TEXT NOT NULL,
        delivered_at TIMESTAMPTZ NOT NULL,
        signed_at TIMESTAMPTZ,
        replied_at TIMESTAMPTZ,
        released_at TIMESTAMPTZ,
        CONSTRAINT pk_assignments PRIMARY KEY (assignment_id),
        CONSTRAINT fk_assignments_ticket_id FOREIGN KEY (ticket_id) REFERENCES tickets (ticket_id),
        CONSTRAINT fk_assignments_parent_assignment_id FOREIGN KEY (parent_assignment_id) REFERENCES assignments (assignment_id),
        CONSTRAINT fk_assignments_unit FOREIGN KEY (unit) REFERENCES units (code)
    ) WITH (fillfactor = 90)
    """,
    "CREATE UNIQUE INDEX ix_assignments_lead ON assignments (ticket_id) WHERE role = 'lead' AND released_at IS NULL",
    "CREATE UNIQUE INDEX ix_assignments_ticket_id ON assignments (ticket_id, position)",
    "CREATE INDEX ix_assignments_unit ON assignments (unit)",
    """
    CREATE TABLE directory (
        entry_id UUID NOT NULL,
        category TEXT,
        area_code TEXT,
        lead TEXT NOT NULL,
        supports TEXT[] NOT NULL,
        effective_from TIMESTAMPTZ NOT NULL,
        effective_to TIMESTAMPTZ,
        CONSTRAINT pk_directory PRIMARY KEY (entry_id),
        CONSTRAINT ck_directory_span CHECK (effective_to > effective_from),
        CONSTRAINT fk_directory_lead FOREIGN KEY (lead) REFERENCES units (code)
    )
    """,
    "CREATE INDEX ix_directory_category ON directory (category)",
    """
    CREATE TABLE history (
        ticket_id UUID NOT NULL,
        seq BIGINT NOT NULL,
        event_id UUID NOT NULL,
        type TEXT NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        item BYTEA NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL,
        CONSTRAINT pk_history PRIMARY KEY (ticket_id, seq),
        CONSTRAINT fk_history_ticket_id FOREIGN KEY (ticket_id) REFERENCES tickets (ticket_id),
        CONSTRAINT uq_history_event_id UNIQUE (event_id)
    )
    """,
    "INSERT INTO stamp_floor (complete_before) VALUES ('1970-01-01T00:00:00Z')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
