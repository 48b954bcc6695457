"""Conversations by mail, and addresses that are spared."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0009"
down_revision = "0008"

STATEMENTS = """
alter table notifier.messages add column thread_id uuid;
create index ix_messages_replied on notifier.messages (account_id, recipient, sent_at)
    where template = 'acknowledgement';
create index ix_messages_thread_id on notifier.messages (account_id, thread_id) where thread_id is not null;
create table notifier.mail_threads (
    account_id uuid not null,
    thread_id uuid not null,
    address text,
    copies text[] not null,
    mailbox text,
    subject text,
    message_id text not null,
    reference_ids text[] not null,
    occurred_at timestamptz not null,
    trusted_at timestamptz,
    constraint pk_mail_threads primary key (account_id, thread_id)
);
create index ix_mail_threads_address on notifier.mail_threads (account_id, address);
create table notifier.suppressions (
    id uuid constraint pk_suppressions primary key,
    account_id uuid not null,
    channel text not null,
    address text not null,
    reason text,
    detail text,
    soft_bounces timestamptz[] not null,
    since timestamptz,
    message_id uuid,
    updated_at timestamptz not null
);
create unique index uq_suppressions_address on notifier.suppressions (account_id, channel, address);
update notifier.rules set condition = replace(
    condition, 'data.customer_id != null', '(data.customer_id != null || data.thread_id != null)'
) where builtin in ('acknowledge', 'reply', 'resolved') and version = 1
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "notifier", "mail_threads", "suppressions")
