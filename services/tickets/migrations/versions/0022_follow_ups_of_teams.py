"""A team may have its own policy about what is written after the end."""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = """
alter table tickets.follow_up_policies add column scope_id uuid;
update tickets.follow_up_policies set scope_id = account_id;
alter table tickets.follow_up_policies alter column scope_id set not null;
alter table tickets.follow_up_policies drop constraint pk_follow_up_policies;
alter table tickets.follow_up_policies add constraint pk_follow_up_policies primary key (account_id, scope_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
