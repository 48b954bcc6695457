"""More types of state, and names of one's own for them. Tickets that exist stay in the state they are in."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0006"
down_revision = "0005"

STATEMENTS = """
create table tickets.ticket_statuses (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    state text not null,
    position integer not null,
    is_default boolean not null,
    customer_may_reopen boolean not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_ticket_statuses primary key (id)
);
create unique index uq_ticket_statuses_name on tickets.ticket_statuses (account_id, lower(name));
create unique index uq_ticket_statuses_default on tickets.ticket_statuses (account_id, state) where is_default;
create index ix_ticket_statuses_position on tickets.ticket_statuses (account_id, position, id);
alter table tickets.tickets add column status_id uuid;
create index ix_tickets_account_id_status_id on tickets.tickets (account_id, status_id, opened_at, id)
    where status_id is not null;
drop index tickets.ix_tickets_account_id_assignee_id;
create index ix_tickets_account_id_assignee_id on tickets.tickets (account_id, assignee_id, opened_at, id)
    where state in ('new', 'open', 'pending', 'on_hold');
drop index tickets.uq_tickets_account_id_feedback_id;
create unique index uq_tickets_account_id_feedback_id on tickets.tickets (account_id, feedback_id)
    where feedback_id is not null and state not in ('closed', 'merged')
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "ticket_statuses")
