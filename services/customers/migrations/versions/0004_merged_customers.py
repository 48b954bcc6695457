"""Rows say whose they are and under whose identity they came, so that a merge of customers can be taken back."""

from alembic import op

from shared.db.aliases import create_aliases, follow_aliases

revision = "0004"
down_revision = "0003"

PRESENT, ORIGIN = "customer_id", "origin_customer_id"


def upgrade() -> None:
    create_aliases(op, "customers", present=PRESENT, origin=ORIGIN)
    for table in ("timeline",):
        follow_aliases(op, "customers", table, present=PRESENT, origin=ORIGIN)
