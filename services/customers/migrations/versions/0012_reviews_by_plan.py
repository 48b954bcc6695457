"""What is due is found by a column of its own, so that nothing else is.

Right after a segment was built, or emptied and vacuumed, the planner takes its reviews for one row: any index that
begins with the segment is then as good to it as the primary key, and every event would walk through all of them.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("alter table customers.segment_reviews add column planned_for uuid")
    op.execute("update customers.segment_reviews set planned_for = segment_id")
    op.execute("alter table customers.segment_reviews alter column planned_for set not null")
    op.execute("alter table customers.segment_reviews alter column segment_id set statistics -1")
    op.execute("drop index customers.ix_segment_reviews_due")
    op.execute("create index ix_segment_reviews_due on customers.segment_reviews (planned_for, due_at)")
