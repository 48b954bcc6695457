"""Chats on a business's own pages."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0026"
down_revision = "0025"

STATEMENTS = """
create table survey.chats (
    id uuid constraint pk_chats primary key, account_id uuid not null, api_key_id uuid not null, name text, email text,
    phone text, external_id text, verified boolean not null, language text, page text, started_at timestamptz not null
);
create table survey.chat_messages (
    account_id uuid not null, chat_id uuid not null, id uuid not null, author text not null, name text,
    text text not null, written_at timestamptz not null,
    constraint pk_chat_messages primary key (account_id, chat_id, id)
);
create index ix_chat_messages_written_at on survey.chat_messages (account_id, chat_id, written_at, id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "chats", "chat_messages")
