"""The topics that an account looks for."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "create table survey.taxonomies (account_id uuid constraint pk_taxonomies primary key, "
        "version integer not null, document jsonb, updated_at timestamptz not null)"
    )
    enable_row_security(op, "survey", "taxonomies")
