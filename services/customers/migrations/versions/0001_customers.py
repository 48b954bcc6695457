"""Customers, their identities and their timelines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security

revision = "0001"
down_revision = None

Bytewise = sa.Text(collation="C")
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kit_tables(op, "customers")
    _customers()
    _identities()
    _timeline()
    enable_row_security(op, "customers", "customers", "identities", "timeline")


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("external_id", Bytewise),
        sa.Column("email", Bytewise),
        sa.Column("phone", Bytewise),
        sa.Column("name", sa.Text),
        sa.Column("name_key", Bytewise),
        sa.Column("locale", sa.Text),
        sa.Column("timezone", sa.Text),
        sa.Column("company", sa.Text),
        sa.Column("attributes", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("deleted_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        schema="customers",
    )
    for column in ("id", "external_id", "email", "name_key"):
        columns = ["account_id", column]
        op.create_index(f"ix_customers_account_id_{column}", "customers", columns, schema="customers")


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", Bytewise, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "value", name="pk_identities"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customers.id"], name="fk_identities_customer_id_customers"
        ),
        schema="customers",
    )
    columns = ["account_id", "customer_id"]
    op.create_index("ix_identities_account_id_customer_id", "identities", columns, schema="customers")


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "event_id", name="pk_timeline"),
        schema="customers",
    )
    columns = ["account_id", "customer_id", "at", "event_id"]
    op.create_index("ix_timeline_account_id_customer_id_at", "timeline", columns, schema="customers")
