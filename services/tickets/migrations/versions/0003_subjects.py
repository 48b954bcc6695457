"""What was exported of a person, until it is fetched."""

from alembic import op

from shared.subjects.exports import create_exports

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_exports(op, "tickets")
