"""The chassis' own tables as migrations make them, version by version; never changed once released.

A service's migration runs ``CREATE_0001`` beside its own statements; a later change of these tables comes
as ``CHANGE_000N`` and a migration of each service that runs it. Drift tests hold them against ``tables``.
"""

from hotline_chassis.tables import CREATE_FIRST_FLOOR

CREATE_0001 = (
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
    CREATE_FIRST_FLOOR,
)
