"""Answers to reviews; and until when a platform is left alone."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0020"
down_revision = "0019"

STATEMENTS = """
alter table survey.sources add column retry_at timestamptz;
create table survey.replies (
    id uuid constraint pk_replies primary key, account_id uuid not null, version integer not null,
    feedback_id uuid not null, source_id uuid not null, external_id text not null, text text not null,
    state text not null, reason text, template_id uuid, written_by text not null, approved_by text, reference text,
    created_at timestamptz not null, updated_at timestamptz not null, posted_at timestamptz
);
create index ix_replies_created_at on survey.replies (account_id, created_at, id);
create index ix_replies_feedback_id on survey.replies (account_id, feedback_id);
create unique index uq_replies_open on survey.replies (account_id, feedback_id)
    where state in ('draft', 'waiting', 'queued');
create table survey.reply_templates (
    id uuid constraint pk_reply_templates primary key, account_id uuid not null, version integer not null,
    name text not null, locale text not null, text text not null, lowest smallint not null, highest smallint not null,
    created_at timestamptz not null, updated_at timestamptz not null
);
create index ix_reply_templates_created_at on survey.reply_templates (account_id, created_at, id);
create table survey.reply_policies (
    account_id uuid constraint pk_reply_policies primary key, version integer not null, approve_up_to smallint,
    updated_at timestamptz not null
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "replies", "reply_templates", "reply_policies")
