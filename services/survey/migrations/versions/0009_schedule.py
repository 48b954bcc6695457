"""When a survey takes answers, and how many."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table survey.surveys add column opens_at timestamptz, add column closes_at timestamptz, "
        "add column response_limit integer"
    )
