"""Feedback says which words told how somebody feels, and which model read them."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATEMENTS = """
alter table survey.feedback add column sentiment_evidence jsonb not null default '[]';
alter table survey.feedback add column sentiment_model text
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
