"""Fields of one's own, and what colleagues at the same ticket need to know of each other."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0007"
down_revision = "0006"

STATEMENTS = """
create table tickets.ticket_fields (
    id uuid not null,
    account_id uuid not null,
    key text not null,
    kind text not null,
    label text not null,
    choices jsonb not null,
    required_in text[] not null,
    position integer not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_ticket_fields primary key (id)
);
create unique index uq_ticket_fields_key on tickets.ticket_fields (account_id, key);
create index ix_ticket_fields_position on tickets.ticket_fields (account_id, position, id);
alter table tickets.tickets add column fields jsonb not null default '{}';
alter table tickets.tickets alter column fields drop default;
create table tickets.watchers (
    account_id uuid not null,
    ticket_id uuid not null,
    user_id uuid not null,
    because text not null,
    since timestamptz not null,
    constraint pk_watchers primary key (ticket_id, user_id),
    constraint fk_watchers_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id)
);
create index ix_watchers_user_id on tickets.watchers (account_id, user_id, ticket_id);
create table tickets.drafts (
    account_id uuid not null,
    ticket_id uuid not null,
    text text not null,
    author text not null,
    author_name text not null,
    version integer not null,
    updated_at timestamptz not null,
    constraint pk_drafts primary key (ticket_id),
    constraint fk_drafts_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id)
);
create table tickets.presences (
    account_id uuid not null,
    ticket_id uuid not null,
    actor text not null,
    name text not null,
    activity text not null,
    until timestamptz not null,
    constraint pk_presences primary key (ticket_id, actor),
    constraint fk_presences_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "ticket_fields", "watchers", "drafts", "presences")
