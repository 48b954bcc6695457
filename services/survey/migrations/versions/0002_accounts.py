"""Accounts by name, for the head of the hosted page."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table survey.accounts (
            account_id uuid not null,
            name text not null,
            version integer not null,
            constraint pk_accounts primary key (account_id)
        )
    """)
    enable_row_security(op, "survey", "accounts")
