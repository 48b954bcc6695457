"""What was exported of a person, until it is fetched."""

from alembic import op

from shared.subjects.exports import create_exports

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_exports(op, "metrics")
