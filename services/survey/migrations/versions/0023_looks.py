"""How often a source's platform was asked for the sake of hints."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(
        "alter table survey.sources add column asked integer not null default 0, add column asking_since timestamptz"
    )
