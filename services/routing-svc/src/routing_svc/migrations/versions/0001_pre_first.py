"""The chassis' tables; tickets with assignments, history and sealed words; units and directory."""

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
    CREATE TABLE requester_keys (
        key_id UUID NOT NULL,
        master_key_id TEXT NOT NULL,
        wrapped BYTEA NOT NULL,
        CONSTRAINT pk_requester_keys PRIMARY KEY (key_id)
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
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
