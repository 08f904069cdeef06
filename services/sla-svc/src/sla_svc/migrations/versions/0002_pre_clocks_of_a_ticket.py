"""Clocks of a ticket that are about something else (a follow-up) are found by the ticket."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_clocks_ticket_id ON clocks (ticket_id) WHERE ticket_id <> subject_id")
