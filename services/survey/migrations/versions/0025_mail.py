"""Which conversation a mail belongs to, and what came along with it."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0025"
down_revision = "0024"

STATEMENTS = """
create table survey.mails (
    account_id uuid not null,
    feedback_id uuid not null,
    thread_id uuid not null,
    message_id text not null,
    answers text,
    sender text not null,
    people text[] not null,
    occurred_at timestamptz not null,
    constraint pk_mails primary key (account_id, feedback_id)
);
create index ix_mails_message_id on survey.mails (account_id, message_id);
create index ix_mails_answers on survey.mails (account_id, answers);
create index ix_mails_thread_id on survey.mails (account_id, thread_id);
create index ix_mails_sender on survey.mails (account_id, sender, occurred_at);
create table survey.mail_tickets (
    account_id uuid not null,
    ticket_id uuid not null,
    number bigint not null,
    customer_id uuid,
    thread_id uuid,
    constraint pk_mail_tickets primary key (account_id, ticket_id)
);
create unique index uq_mail_tickets_number on survey.mail_tickets (account_id, number);
create index ix_mail_tickets_thread_id on survey.mail_tickets (account_id, thread_id, number);
create index ix_mail_tickets_customer_id on survey.mail_tickets (account_id, customer_id);
create table survey.attachments (
    id uuid constraint pk_attachments primary key,
    account_id uuid not null,
    feedback_id uuid not null,
    position integer not null,
    name text not null,
    media_type text not null,
    size integer not null,
    refused text,
    created_at timestamptz not null
);
create index ix_attachments_feedback_id on survey.attachments (account_id, feedback_id, position)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "mails", "mail_tickets", "attachments")
