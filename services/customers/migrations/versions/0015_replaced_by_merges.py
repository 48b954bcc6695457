"""What a merged record's later news took the place of, to be given back with the merge."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("alter table customers.merges add column replaced jsonb not null default '{}'")
    op.execute("alter table customers.merges alter column replaced drop default")
