"""A language model of somebody else's that words answers, and which words went to it or are of it."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0020"
down_revision = "0019"

STATEMENTS = """
create table tickets.external_models (
    id uuid constraint pk_external_models primary key,
    account_id uuid not null,
    version integer not null,
    enabled boolean not null,
    base_url text not null,
    model text not null,
    api_key bytea,
    monthly_calls integer not null,
    monthly_characters integer not null,
    month text not null,
    calls_used integer not null,
    characters_used integer not null,
    failures integer not null,
    note text,
    updated_by text not null,
    updated_at timestamptz not null
);
create unique index uq_external_models_account_id on tickets.external_models (account_id);
alter table tickets.conversation_lines add column model text
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "external_models")
