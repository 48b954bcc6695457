"""Activities and consents follow who a customer is now; activities know when the others heard of them."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import grant

revision = "0005"
down_revision = "0004"

PRESENT, ORIGIN = "customer_id", "origin_customer_id"
ROLE = "heed_customers"


def upgrade() -> None:
    op.execute("alter table customers.activities add column told_version integer")
    op.execute("update customers.activities set told_version = version")
    for table in ("activities", "consents"):
        op.execute(f"alter table customers.{table} alter column {ORIGIN} drop not null")
        op.execute(f"update customers.{table} set {ORIGIN} = null where {ORIGIN} = {PRESENT}")
        follow_aliases(op, "customers", table, present=PRESENT, origin=ORIGIN)
    # The sweep after a merge touches the column; the trigger writes both.
    grant(op, ROLE, f"update ({ORIGIN}) on", ["customers.consents"])
