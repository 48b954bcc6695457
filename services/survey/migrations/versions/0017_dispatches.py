"""What waits to be asked of a platform, or told to it."""

from alembic import op

from shared.dispatch.tables import create_dispatches

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    create_dispatches(op, "survey")
