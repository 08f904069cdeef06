"""The chassis' tables; follow-ups, attempts, ratings and history; copies of tickets, clocks, units and policies."""

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
    CREATE TABLE assignments (
        assignment_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        unit TEXT NOT NULL,
        CONSTRAINT pk_assignments PRIMARY KEY (assignment_id)
    )
    """,
    """
    CREATE TABLE due_tickets (
        ticket_id UUID NOT NULL,
        unit TEXT NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        standing TEXT NOT NULL,
        CONSTRAINT pk_due_tickets PRIMARY KEY (ticket_id, unit)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_due_tickets_due_at ON due_tickets (due_at) INCLUDE (unit, standing)",
    """
    CREATE TABLE duty_clocks (
        clock_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        unit TEXT NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        red BOOLEAN NOT NULL,
        CONSTRAINT pk_duty_clocks PRIMARY KEY (clock_id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_duty_clocks_ticket_id ON duty_clocks (ticket_id)",
    """
    CREATE TABLE policies (
        version INTEGER NOT NULL,
        effective_from TIMESTAMPTZ NOT NULL,
        document JSONB NOT NULL,
        CONSTRAINT pk_policies PRIMARY KEY (version)
    )
    """,
    """
    CREATE TABLE tickets (
        ticket_id UUID NOT NULL,
        ticket_no TEXT NOT NULL,
        closed_at TIMESTAMPTZ,
        version BIGINT NOT NULL,
        last_at TIMESTAMPTZ,
        last_hash TEXT NOT NULL,
        CONSTRAINT pk_tickets PRIMARY KEY (ticket_id),
        CONSTRAINT ck_tickets_head CHECK ((version = 0) = (last_at IS NULL))
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE units (
        code TEXT NOT NULL,
        version BIGINT NOT NULL,
        name TEXT NOT NULL,
        "group" TEXT NOT NULL,
        parent TEXT,
        CONSTRAINT pk_units PRIMARY KEY (code)
    )
    """,
    "CREATE INDEX ix_units_parent ON units (parent)",
    """
    CREATE TABLE follow_ups (
        follow_up_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        round SMALLINT NOT NULL,
        unit TEXT NOT NULL,
        since TIMESTAMPTZ NOT NULL,
        opened_at TIMESTAMPTZ NOT NULL,
        outcome TEXT,
        ended_at TIMESTAMPTZ,
        CONSTRAINT pk_follow_ups PRIMARY KEY (follow_up_id),
        CONSTRAINT ck_follow_ups_ended CHECK ((outcome IS NULL) = (ended_at IS NULL)),
        CONSTRAINT fk_follow_ups_ticket_id FOREIGN KEY (ticket_id) REFERENCES tickets (ticket_id)
    ) WITH (fillfactor = 90)
    """,
    "CREATE UNIQUE INDEX ix_follow_ups_open ON follow_ups (ticket_id) WHERE outcome IS NULL",
    "CREATE INDEX ix_follow_ups_since ON follow_ups (since, follow_up_id)",
    "CREATE UNIQUE INDEX ix_follow_ups_ticket_id ON follow_ups (ticket_id, round)",
    "CREATE INDEX ix_follow_ups_unit ON follow_ups (unit, since, follow_up_id)",
    "CREATE INDEX ix_follow_ups_unrated ON follow_ups (ended_at) INCLUDE (unit, outcome, round) WHERE outcome <> 'rated'",
    "CREATE INDEX ix_follow_ups_waiting ON follow_ups (since, follow_up_id) WHERE outcome IS NULL",
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
    """
    CREATE TABLE attempts (
        follow_up_id UUID NOT NULL,
        attempt SMALLINT NOT NULL,
        outcome TEXT NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_attempts PRIMARY KEY (follow_up_id, attempt),
        CONSTRAINT fk_attempts_follow_up_id FOREIGN KEY (follow_up_id) REFERENCES follow_ups (follow_up_id)
    )
    """,
    """
    CREATE TABLE ratings (
        rating_id UUID NOT NULL,
        follow_up_id UUID NOT NULL,
        ticket_id UUID NOT NULL,
        round SMALLINT NOT NULL,
        unit TEXT NOT NULL,
        level TEXT NOT NULL,
        solved BOOLEAN NOT NULL,
        redo_requested BOOLEAN NOT NULL,
        via TEXT NOT NULL,
        given_at TIMESTAMPTZ NOT NULL,
        state TEXT NOT NULL,
        formed_at TIMESTAMPTZ,
        stands_in BOOLEAN NOT NULL,
        CONSTRAINT pk_ratings PRIMARY KEY (rating_id),
        CONSTRAINT ck_ratings_formed CHECK ((state = 'formed') = (formed_at IS NOT NULL)),
        CONSTRAINT uq_ratings_follow_up_id UNIQUE (follow_up_id),
        CONSTRAINT fk_ratings_follow_up_id FOREIGN KEY (follow_up_id) REFERENCES follow_ups (follow_up_id),
        CONSTRAINT fk_ratings_ticket_id FOREIGN KEY (ticket_id) REFERENCES tickets (ticket_id)
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_ratings_formed_at ON ratings (formed_at) INCLUDE (unit, level, solved, stands_in) WHERE state = 'formed'",
    "CREATE INDEX ix_ratings_pending ON ratings (given_at) INCLUDE (unit) WHERE state = 'pending'",
    "CREATE UNIQUE INDEX ix_ratings_ticket_id ON ratings (ticket_id) WHERE state = 'formed'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
