"""Channels that rules write to, and what waits to be written there."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0008"
down_revision = "0007"

STATEMENTS = """
create table notifier.slack_channels (
    id uuid constraint pk_slack_channels primary key,
    account_id uuid not null,
    name text not null,
    url bytea not null,
    enabled boolean not null,
    trouble text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_slack_channels_account_id on notifier.slack_channels (account_id, id);
create table notifier.slack_posts (
    id uuid constraint pk_slack_posts primary key,
    account_id uuid not null,
    channel_id uuid not null,
    customer_id uuid,
    text text,
    state text not null,
    attempts integer not null,
    last_status integer,
    last_error text,
    created_at timestamptz not null,
    finished_at timestamptz
);
create index ix_slack_posts_channel_id on notifier.slack_posts (account_id, channel_id, id);
create index ix_slack_posts_customer_id on notifier.slack_posts (account_id, customer_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "notifier", "slack_channels", "slack_posts")
