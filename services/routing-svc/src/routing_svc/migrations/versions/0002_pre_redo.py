"""First ratings as they were told, and what was decided on a redo."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE first_ratings (
        ticket_id UUID NOT NULL,
        rating_id UUID NOT NULL,
        level TEXT NOT NULL,
        redo_requested BOOLEAN NOT NULL,
        CONSTRAINT pk_first_ratings PRIMARY KEY (ticket_id)
    )
    """,
    "ALTER TABLE tickets ADD COLUMN redo_decision TEXT",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
