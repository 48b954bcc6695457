"""Cells by locale and variant too; those there are, counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SCHEMA = "metrics"
KEY = [
    *("account_id", "generation", "scheme", "day", "channel", "touchpoint", "survey_id", "journey_stage"),
    *("language", "variant", "minimum", "maximum"),
]
SCORES = [f"s{score}" for score in range(11)]
EXCLUSIONS = ["incomplete", "no_rating", "outside_scale", "restricted", "no_consent"]
SUMS = {"index_sum": "index", "index_squares": "index * index"}


def upgrade() -> None:
    op.add_column("rollups", sa.Column("language", sa.Text), schema=SCHEMA)
    op.add_column("rollups", sa.Column("variant", sa.Text), schema=SCHEMA)
    op.execute("delete from metrics.rollups")
    # What was being built has lost its cells: it starts again.
    op.execute("update metrics.generations set counted_until = null, counted = 0 where state = 'building'")
    counts = [
        *(f"count(*) filter (where exclusion is null and points = {score})" for score in range(11)),
        *(f"count(*) filter (where exclusion = '{name}')" for name in EXCLUSIONS),
        *(f"coalesce(sum({each}) filter (where exclusion is null), 0)" for each in SUMS.values()),
    ]
    key = ", ".join(KEY)
    op.execute(
        f"""
        insert into metrics.rollups ({key}, {", ".join([*SCORES, *EXCLUSIONS, *SUMS])})
        select {key}, {", ".join(counts)} from (
            select fact.*, made.number as generation, (fact.occurred_at at time zone made.time_zone)::date as day,
                fact.dimensions ->> 'variant' as variant
            from metrics.facts fact join metrics.generations made using (account_id)
            where made.state = 'serving'
        ) as dated
        group by {key}
        """
    )
    op.drop_index("uq_rollups_key", "rollups", schema=SCHEMA)
    op.create_index("uq_rollups_key", "rollups", KEY, unique=True, schema=SCHEMA, postgresql_nulls_not_distinct=True)
