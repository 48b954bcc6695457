"""Rows say whose they are and under whose identity they came, so that a merge of customers can be taken back."""

from alembic import op
from sqlalchemy import text

from shared.db.aliases import create_aliases, follow_aliases

revision = "0002"
down_revision = "0001"

PRESENT, ORIGIN = "customer_id", "origin_customer_id"


def upgrade() -> None:
    create_aliases(op, "tickets", present=PRESENT, origin=ORIGIN)
    for table in ("tickets", "loops"):
        follow_aliases(op, "tickets", table, present=PRESENT, origin=ORIGIN)
    op.create_index(
        "ix_loops_account_id_customer_id",
        "loops",
        ["account_id", "customer_id"],
        schema="tickets",
        postgresql_where=text("customer_id is not null"),
    )
