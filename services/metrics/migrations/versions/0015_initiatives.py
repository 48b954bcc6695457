"""Initiatives, and who is in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0015"
down_revision = "0014"

SCHEMA = "metrics"
MEMBERS = "initiative_members"


def upgrade() -> None:
    op.create_table(
        "initiatives",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")),
        sa.PrimaryKeyConstraint("id", name="pk_initiatives"),
        schema=SCHEMA,
    )
    columns = ["account_id", "created_at", "id"]
    op.create_index("ix_initiatives_account_id_created_at", "initiatives", columns, schema=SCHEMA)
    op.create_table(
        MEMBERS,
        *(sa.Column(name, sa.Uuid, nullable=False) for name in ("account_id", "initiative_id", "person_id")),
        sa.Column("treated", sa.Boolean, nullable=False),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.PrimaryKeyConstraint("account_id", "initiative_id", "person_id", name="pk_initiative_members"),
        schema=SCHEMA,
    )
    columns = ["account_id", "customer_id"]
    op.create_index("ix_initiative_members_account_id_customer_id", MEMBERS, columns, schema=SCHEMA)
    enable_row_security(op, SCHEMA, "initiatives", MEMBERS)
    follow_aliases(op, SCHEMA, MEMBERS, present="customer_id", origin="origin_customer_id")
