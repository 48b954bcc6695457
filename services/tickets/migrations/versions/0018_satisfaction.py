"""What customers are asked when their ticket is resolved."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0018"
down_revision = "0017"

TABLE = """
create table tickets.satisfaction_policies (
    account_id uuid not null,
    scope_id uuid not null,
    ask boolean not null,
    kind text not null,
    survey_id uuid,
    delay_seconds integer,
    version integer not null,
    updated_at timestamptz not null,
    constraint pk_satisfaction_policies primary key (account_id, scope_id)
)
"""


def upgrade() -> None:
    op.execute(TABLE)
    enable_row_security(op, "tickets", "satisfaction_policies")
