"""Text messages: the numbers they go to, and what they say."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
alter table notifier.contacts add column phone text;
alter table notifier.templates add column sms text not null default '';
alter table notifier.templates alter column sms drop default
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
