"""Imports say how fast they are and why they failed; a workbook has no delimiter; a loop goes on with them."""

from alembic import op

revision = "0029"
down_revision = "0028"

STATEMENTS = """
alter table survey.feedback_imports
    add column moved_at timestamptz, add column note text, alter column delimiter drop not null;
insert into survey.dispatches
    (id, account_id, kind, lane, due_at, attempts, fence, correlation_id, causation_id, traceparent)
select key::uuid, account_id, 'feedback imports', account_id, due_at, 0, 0, correlation_id, causation_id, traceparent
from survey.timers where kind = 'feedback_imports.go_on';
delete from survey.timers where kind = 'feedback_imports.go_on'
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
