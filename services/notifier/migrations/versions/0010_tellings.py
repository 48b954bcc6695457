"""Messages that tell customers of what they asked for."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table notifier.messages add column telling_id uuid")
