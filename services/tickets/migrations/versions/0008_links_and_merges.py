"""Tickets that belong together, and those that went on in another one."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0008"
down_revision = "0007"

STATEMENTS = """
create table tickets.ticket_links (
    account_id uuid not null,
    ticket_id uuid not null,
    other_id uuid not null,
    kind text not null,
    author text not null,
    created_at timestamptz not null,
    constraint pk_ticket_links primary key (ticket_id, other_id),
    constraint fk_ticket_links_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id),
    constraint fk_ticket_links_other_id_tickets foreign key (other_id) references tickets.tickets (id)
);
create index ix_ticket_links_other_id on tickets.ticket_links (account_id, other_id, ticket_id);
alter table tickets.tickets add column merged_into_id uuid;
create index ix_tickets_account_id_merged_into_id on tickets.tickets (account_id, merged_into_id)
    where merged_into_id is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "ticket_links")
