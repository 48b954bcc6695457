"""Improvements that are there."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        create table metrics.improvements (
            account_id uuid not null,
            improvement_id uuid not null,
            version integer not null,
            shipped_at timestamptz not null,
            metric text,
            expected_change numeric,
            constraint pk_improvements primary key (account_id, improvement_id)
        )
        """
    )
    enable_row_security(op, "metrics", "improvements")
