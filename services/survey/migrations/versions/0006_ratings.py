"""A response may be rated in several ways at once."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table survey.feedback add column ratings jsonb not null default '[]'")
    op.execute("alter table survey.feedback alter column ratings drop default")
