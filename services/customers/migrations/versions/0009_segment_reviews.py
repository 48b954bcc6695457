"""Reviews that are due are found by their segment alone, and nobody guesses how many a segment has.

A segment that was just built is not in the planner's statistics: its reviews look like one row, and any index with the
segment in front as good as the primary key, so every event would walk through all of them. Without statistics of the
column the planner takes a part of the table for it, and the primary key for one customer.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("drop index customers.ix_segment_reviews_due")
    op.execute("create index ix_segment_reviews_due on customers.segment_reviews (segment_id, due_at)")
    op.execute("alter table customers.segment_reviews alter column segment_id set statistics 0")
