"""How much a text presses, and the words that say so."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "alter table survey.feedback add column urgency_label text, "
        "add column urgency_evidence jsonb not null default '[]'"
    )
