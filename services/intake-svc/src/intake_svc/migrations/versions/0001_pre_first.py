"""The chassis' tables; requesters, requests and their history; serials of ticket numbers."""

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
    CREATE TABLE request_history (
        request_id UUID NOT NULL,
        seq INTEGER NOT NULL,
        item BYTEA NOT NULL,
        hash TEXT NOT NULL,
        CONSTRAINT pk_request_history PRIMARY KEY (request_id, seq)
    )
    """,
    """
    CREATE TABLE requesters (
        requester_id UUID NOT NULL,
        phone_hash BYTEA,
        key_id UUID NOT NULL,
        master_key_id TEXT NOT NULL,
        wrapped_key BYTEA NOT NULL,
        CONSTRAINT pk_requesters PRIMARY KEY (requester_id),
        CONSTRAINT uq_requesters_phone_hash UNIQUE (phone_hash)
    )
    """,
    """
    CREATE TABLE ticket_serials (
        day DATE NOT NULL,
        last BIGINT NOT NULL,
        CONSTRAINT pk_ticket_serials PRIMARY KEY (day)
    )
    """,
    """
    CREATE TABLE requests (
        request_id UUID NOT NULL,
        channel TEXT NOT NULL,
        channel_ref TEXT,
        fingerprint BYTEA NOT NULL,
        type TEXT NOT NULL,
        category TEXT,
        area_code TEXT NOT NULL,
        emergent TEXT,
        confidential BOOLEAN NOT NULL,
        linkage_system TEXT,
        linkage_number TEXT,
        linkage_level TEXT,
        received_at TIMESTAMPTZ,
        requester_id UUID,
        sealed BYTEA,
        outcome TEXT NOT NULL,
        held BOOLEAN NOT NULL,
        ticket_id UUID NOT NULL,
        ticket_no TEXT,
        text_id UUID NOT NULL,
        reason TEXT,
        guidance TEXT,
        own_guidance BYTEA,
        repeated_ticket_id UUID,
        created_at TIMESTAMPTZ NOT NULL,
        decided_at TIMESTAMPTZ,
        seq INTEGER NOT NULL,
        last_at TIMESTAMPTZ NOT NULL,
        last_hash TEXT NOT NULL,
        CONSTRAINT pk_requests PRIMARY KEY (request_id),
        CONSTRAINT uq_requests_channel_channel_ref UNIQUE (channel, channel_ref),
        CONSTRAINT uq_requests_ticket_id UNIQUE (ticket_id),
        CONSTRAINT uq_requests_ticket_no UNIQUE (ticket_no),
        CONSTRAINT ck_requests_numbered CHECK ((outcome = 'accepted') = (ticket_no IS NOT NULL)),
        CONSTRAINT ck_requests_reasoned CHECK ((outcome = 'declined') = (reason IS NOT NULL)),
        CONSTRAINT ck_requests_decided CHECK ((outcome = 'pending') = (decided_at IS NULL)),
        CONSTRAINT ck_requests_erased CHECK ((sealed IS NULL) = (requester_id IS NULL)),
        CONSTRAINT fk_requests_requester_id FOREIGN KEY(requester_id) REFERENCES requesters (requester_id)
    )
    """,
    "CREATE INDEX ix_requests_created_at_request_id ON requests (created_at, request_id)",
    "CREATE INDEX ix_requests_pending ON requests (created_at, request_id) WHERE outcome = 'pending'",
    "CREATE INDEX ix_requests_requester_id ON requests (requester_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
