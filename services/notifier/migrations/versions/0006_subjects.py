"""What was exported of a person, until it is fetched."""

from alembic import op

from shared.subjects.exports import create_exports

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_exports(op, "notifier")
