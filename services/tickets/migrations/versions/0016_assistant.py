"""The assistant: conversations, handoffs, what it learned; customers' own ids, and the keys of web pages."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0016"
down_revision = "0015"

STATEMENTS = """
alter table tickets.contacts add column external_id text;
create index ix_contacts_account_id_external_id on tickets.contacts (account_id, external_id)
    where external_id is not null;
create table tickets.conversations (
    id uuid not null,
    account_id uuid not null,
    version integer not null,
    state text not null,
    api_key_id uuid,
    customer_id uuid,
    name text,
    locale text not null,
    channel text not null,
    ticket_id uuid,
    offered jsonb not null,
    clarifications integer not null,
    unknowns integer not null,
    customer_messages integer not null,
    bot_replies integer not null,
    human_replies integer not null,
    first_bot_reply_at timestamptz,
    last_bot_reply_at timestamptz,
    first_human_reply_at timestamptz,
    handed_off_at timestamptz,
    handoff_reason text,
    resolved_at timestamptz,
    reopened_count integer not null,
    rating integer,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_conversations primary key (id)
);
create index ix_conversations_account_id_started_at on tickets.conversations (account_id, started_at, id);
create index ix_conversations_account_id_customer_id on tickets.conversations (account_id, customer_id)
    where customer_id is not null;
create index ix_conversations_account_id_ticket_id on tickets.conversations (account_id, ticket_id)
    where ticket_id is not null;
create table tickets.conversation_lines (
    account_id uuid not null,
    conversation_id uuid not null,
    id uuid not null,
    place integer not null,
    author text not null,
    name text,
    kind text not null,
    text text not null,
    citations jsonb not null,
    confidence double precision,
    written_at timestamptz not null,
    constraint pk_conversation_lines primary key (conversation_id, id)
);
create table tickets.handoffs (
    account_id uuid not null,
    conversation_id uuid not null,
    ticket_id uuid not null,
    reason text not null,
    tried jsonb not null,
    step integer not null,
    assignee_id uuid,
    at timestamptz not null,
    due_at timestamptz,
    answered_at timestamptz,
    constraint pk_handoffs primary key (conversation_id)
);
create table tickets.assistants (
    account_id uuid not null,
    version integer not null,
    "values" jsonb not null,
    updated_at timestamptz not null,
    constraint pk_assistants primary key (account_id)
);
create table tickets.assistant_knowledge (
    account_id uuid not null,
    locale text not null,
    content bytea not null,
    questions integer not null,
    learned_at timestamptz not null,
    constraint pk_assistant_knowledge primary key (account_id, locale)
);
create table tickets.visitor_keys (
    api_key_id uuid not null,
    account_id uuid not null,
    public_key text,
    origins jsonb not null,
    expires_at timestamptz,
    version integer not null,
    is_revoked boolean not null,
    constraint pk_visitor_keys primary key (api_key_id)
);
create index ix_visitor_keys_public_key on tickets.visitor_keys (account_id, public_key)
"""

TABLES = ("conversations", "conversation_lines", "handoffs", "assistants", "assistant_knowledge", "visitor_keys")


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", *TABLES)
    follow_aliases(op, "tickets", "conversations", present="customer_id", origin="origin_customer_id")
