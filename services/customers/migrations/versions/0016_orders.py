"""Purchases are found by the numbers of their orders."""

from alembic import op

revision = "0016"
down_revision = "0015"

# As `activities.orders` makes it.
STATEMENTS = """
alter table customers.activities add column order_key text;
update customers.activities set order_key = nullif(
    left(lower(btrim(ltrim(btrim(coalesce(
        case when jsonb_typeof(properties -> 'order_ref') = 'string' then properties ->> 'order_ref' end, source_id
    )), '#'))), 200), '')
where kind = 'purchase';
create index ix_activities_order_key on customers.activities (account_id, order_key) where order_key is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
