"""Files that go with what is said in tickets."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0021"
down_revision = "0020"

STATEMENTS = """
create table tickets.message_attachments (
    id uuid not null,
    account_id uuid not null,
    ticket_id uuid not null,
    message_id uuid,
    name text not null,
    media_type text not null,
    size integer not null,
    author text not null,
    created_at timestamptz not null,
    constraint pk_message_attachments primary key (id),
    constraint fk_message_attachments_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id),
    constraint fk_message_attachments_message_id_messages foreign key (message_id) references tickets.messages (id)
);
create index ix_message_attachments_ticket_id on tickets.message_attachments (account_id, ticket_id, id);
create index ix_message_attachments_message_id on tickets.message_attachments (account_id, message_id, id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", "message_attachments")
