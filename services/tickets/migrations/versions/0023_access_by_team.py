"""People may be kept to the tickets of their teams, and be in a team to look only."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0023"
down_revision = "0022"

STATEMENTS = """
create table tickets.access_policies (
    account_id uuid not null,
    other_teams text not null,
    version integer not null,
    updated_at timestamptz not null,
    constraint pk_access_policies primary key (account_id)
);
alter table tickets.team_members add column role text not null default 'agent';
alter table tickets.team_members alter column role drop default
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "access_policies")
