"""What is done to many tickets, kept under a name."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0017"
down_revision = "0016"

STATEMENTS = """
create table tickets.macros (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    owner text not null,
    shared boolean not null,
    actions jsonb not null,
    position integer not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_macros primary key (id)
);
create index ix_macros_position on tickets.macros (account_id, position, id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "macros")
