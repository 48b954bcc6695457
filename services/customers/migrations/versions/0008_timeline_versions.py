"""An entry of a timeline can be told anew, and the timeline is merged from several tables in one order."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = """
alter table customers.timeline add column version integer not null default 1;
update customers.timeline set event_id = (detail ->> 'feedback_id')::uuid where kind = 'feedback';
drop index customers.ix_activities_customer;
create index ix_activities_customer on customers.activities (account_id, customer_id, occurred_at, id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
