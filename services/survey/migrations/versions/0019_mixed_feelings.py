"""Where the words pull both ways, or against the rating."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table survey.feedback add column sentiment_mixed boolean not null default false")
