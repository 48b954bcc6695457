"""Every version of what was heard from sources, and which one a piece of feedback shows."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0021"
down_revision = "0020"

# One id for each external id makes feedback unique; the index only finds it.
STATEMENTS = """
create table survey.heard_items (
    id uuid constraint pk_heard_items primary key, account_id uuid not null, source_id uuid not null,
    what text not null, external_id text not null, external_version text not null, removal boolean not null,
    content jsonb, feedback_id uuid, delivery_id uuid,
    occurred_at timestamptz not null, version_at timestamptz not null, heard_at timestamptz not null
);
create unique index uq_heard_items_version
    on survey.heard_items (account_id, source_id, what, external_id, external_version, removal);
create index ix_heard_items_feedback_id on survey.heard_items (account_id, feedback_id);
create index ix_heard_items_delivery_id on survey.heard_items (account_id, delivery_id);
alter table survey.feedback add column version_at timestamptz, add column first_rating jsonb;
drop index survey.uq_feedback_external_id;
create index ix_feedback_external_id on survey.feedback (account_id, source_id, external_id)
    where source_id is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "heard_items")
