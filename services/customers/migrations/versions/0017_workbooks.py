"""A workbook has no delimiter."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("alter table customers.imports alter column delimiter drop not null")
