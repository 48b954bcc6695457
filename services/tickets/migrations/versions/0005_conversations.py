"""What customers write becomes part of their ticket's conversation."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0005"
down_revision = "0004"

STATEMENTS = """
alter table tickets.tickets add column thread_id uuid;
create index ix_tickets_account_id_thread_id on tickets.tickets (account_id, thread_id, number)
    where thread_id is not null;
alter table tickets.messages add column feedback_id uuid, add column automatic text;
create table tickets.heard (
    account_id uuid not null,
    feedback_id uuid not null,
    thread_id uuid not null,
    ticket_id uuid,
    message_id uuid not null,
    customer_id uuid,
    author_name text not null,
    text text not null,
    automatic text,
    occurred_at timestamptz not null,
    constraint pk_heard primary key (account_id, feedback_id)
);
create index ix_heard_thread_id on tickets.heard (account_id, thread_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "heard")
