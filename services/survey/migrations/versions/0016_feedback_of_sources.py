"""Feedback that comes from connected sources: what it is called there, and what only reviews, mails and chats have."""

from alembic import op

revision = "0016"
down_revision = "0015"

STATEMENTS = """
alter table survey.feedback
    add column source_id uuid, add column external_id text, add column external_version text,
    add column title text, add column url text, add column author_name text, add column verified boolean,
    add column product_ref text, add column order_ref text, add column location_ref text,
    add column thread_id uuid, add column automatic text, add column removed_at timestamptz;
create unique index uq_feedback_external_id on survey.feedback (account_id, source_id, external_id)
    where source_id is not null;
create index ix_feedback_thread_id on survey.feedback (account_id, thread_id) where thread_id is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
