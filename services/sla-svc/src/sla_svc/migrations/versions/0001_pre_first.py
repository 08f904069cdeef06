"""The chassis' tables; clocks and cards; policies, calendars, units."""

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
    CREATE TABLE tickets (
        ticket_id UUID NOT NULL,
        ticket_no TEXT NOT NULL,
        type TEXT NOT NULL,
        emergent TEXT,
        CONSTRAINT pk_tickets PRIMARY KEY (ticket_id),
        CONSTRAINT uq_tickets_ticket_no UNIQUE (ticket_no)
    )
    """,
    """
    CREATE TABLE clocks (
        clock_id UUID NOT NULL,
        subject_id UUID NOT NULL,
        ticket_id UUID,
        assignment_id UUID,
        unit TEXT,
        duty TEXT NOT NULL,
        type TEXT,
        emergent TEXT,
        round SMALLINT NOT NULL,
        started_at TIMESTAMPTZ NOT NULL,
        warn_at TIMESTAMPTZ,
        due_at TIMESTAMPTZ NOT NULL,
        card TEXT,
        state TEXT NOT NULL,
        stopped_at TIMESTAMPTZ,
        reopened_at TIMESTAMPTZ,
        policy_version INTEGER NOT NULL,
        calendar_versions JSONB NOT NULL,
        calendar_status TEXT NOT NULL,
        next_transition_at TIMESTAMPTZ,
        held BOOLEAN DEFAULT false NOT NULL,
        sequence INTEGER NOT NULL,
        last_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_clocks PRIMARY KEY (clock_id),
        CONSTRAINT ck_clocks_stopped CHECK ((state = 'running' OR state = 'open') = (stopped_at IS NULL))
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_clocks_next_transition_at ON clocks (next_transition_at) WHERE next_transition_at IS NOT NULL AND NOT held",
    "CREATE INDEX ix_clocks_started_at ON clocks (started_at, clock_id)",
    "CREATE INDEX ix_clocks_subject_id ON clocks (subject_id)",
    "CREATE INDEX ix_clocks_unit ON clocks (unit, started_at)",
    """
    CREATE TABLE cards (
        card_id UUID NOT NULL,
        clock_id UUID NOT NULL,
        ticket_id UUID,
        assignment_id UUID,
        duty TEXT NOT NULL,
        type TEXT,
        unit TEXT,
        round SMALLINT NOT NULL,
        card TEXT NOT NULL,
        was TEXT,
        due_at TIMESTAMPTZ NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        issued_at TIMESTAMPTZ NOT NULL,
        standing BOOLEAN DEFAULT true NOT NULL,
        withdrawn_reason TEXT,
        policy_version INTEGER NOT NULL,
        calendar_versions JSONB NOT NULL,
        why TEXT NOT NULL,
        CONSTRAINT pk_cards PRIMARY KEY (card_id)
    )
    """,
    "CREATE INDEX ix_cards_at ON cards (at, card_id)",
    "CREATE INDEX ix_cards_ticket_id ON cards (ticket_id)",
    "CREATE INDEX ix_cards_unit ON cards (unit, at)",
    """
    CREATE TABLE policies (
        version INTEGER NOT NULL,
        effective_from TIMESTAMPTZ NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        document JSONB NOT NULL,
        CONSTRAINT pk_policies PRIMARY KEY (version)
    )
    """,
    """
    CREATE TABLE calendars (
        layer TEXT NOT NULL,
        year SMALLINT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        source TEXT NOT NULL,
        days JSONB NOT NULL,
        CONSTRAINT pk_calendars PRIMARY KEY (layer, year, version)
    )
    """,
    """
    CREATE TABLE units (
        code TEXT NOT NULL,
        version BIGINT NOT NULL,
        name TEXT NOT NULL,
        parent TEXT,
        CONSTRAINT pk_units PRIMARY KEY (code)
    )
    """,
    "CREATE INDEX ix_units_parent ON units (parent)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
