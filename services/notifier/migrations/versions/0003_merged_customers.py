"""Rows say whose they are and under whose identity they came, so that a merge of customers can be taken back."""

from alembic import op
from sqlalchemy import text

from shared.db.aliases import create_aliases, follow_aliases

revision = "0003"
down_revision = "0002"

PRESENT, ORIGIN = "customer_id", "origin_customer_id"


def upgrade() -> None:
    create_aliases(op, "notifier", present=PRESENT, origin=ORIGIN)
    for table in ("messages", "rule_runs"):
        follow_aliases(op, "notifier", table, present=PRESENT, origin=ORIGIN)
    op.create_index(
        "ix_rule_runs_customer_id",
        "rule_runs",
        ["account_id", "customer_id", "started_at", "id"],
        schema="notifier",
        postgresql_where=text("customer_id is not null"),
    )
