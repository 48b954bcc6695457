"""Loops are found by the feedback that they began with."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("create index ix_loops_account_id_feedback_id on tickets.loops (account_id, feedback_id)")
