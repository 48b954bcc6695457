"""What was exported of a person, until it is fetched."""

from alembic import op

from shared.subjects.exports import create_exports

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    create_exports(op, "survey")
