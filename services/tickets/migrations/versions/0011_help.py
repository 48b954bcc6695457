"""Help pages: whose they are, and how they look."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0011"
down_revision = "0010"

STATEMENTS = """
create table tickets.accounts (
    account_id uuid not null,
    name text not null,
    locale text not null,
    version integer not null,
    constraint pk_accounts primary key (account_id)
);
insert into tickets.accounts (account_id, name, locale, version)
    select account_id, 'Help', 'en', 0 from tickets.counters;
create table tickets.help_centres (
    account_id uuid not null,
    version integer not null,
    is_open boolean not null,
    intro jsonb not null,
    accent text not null,
    accent_dark text,
    contact_url text,
    updated_at timestamptz not null,
    constraint pk_help_centres primary key (account_id)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "accounts", "help_centres")
