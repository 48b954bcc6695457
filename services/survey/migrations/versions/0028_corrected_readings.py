"""How often a version was read anew from its delivery with another outcome."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute("alter table survey.heard_items add column corrections integer not null default 0")
