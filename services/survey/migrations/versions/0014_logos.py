"""Logos on the hosted page."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create table survey.logos (id uuid constraint pk_logos primary key, account_id uuid not null, "
        "media_type text not null, size integer not null, created_at timestamptz not null)"
    )
    op.execute("create index ix_logos_account_id_created_at on survey.logos (account_id, created_at, id)")
    enable_row_security(op, "survey", "logos")
