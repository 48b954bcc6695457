"""Saved lists, tickets out of sight, escalations, and what becomes of what is written after the end."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0012"
down_revision = "0011"

STATEMENTS = """
create table tickets.ticket_views (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    owner text not null,
    shared boolean not null,
    filters jsonb not null,
    sort text not null,
    columns text[] not null,
    position integer not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_ticket_views primary key (id)
);
create index ix_ticket_views_position on tickets.ticket_views (account_id, position, id);
create table tickets.follow_up_policies (
    account_id uuid not null,
    new_ticket_after_days integer,
    keep_assignee boolean not null,
    version integer not null,
    updated_at timestamptz not null,
    constraint pk_follow_up_policies primary key (account_id)
);
alter table tickets.tickets
    add column snoozed_at timestamptz,
    add column snoozed_until timestamptz,
    add column escalation_level integer not null default 0;
create index ix_tickets_account_id_updated_at on tickets.tickets (account_id, updated_at, id);
create index ix_tickets_account_id_resolution_due_at on tickets.tickets (account_id, resolution_due_at, id)
    where resolution_due_at is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "ticket_views", "follow_up_policies")
