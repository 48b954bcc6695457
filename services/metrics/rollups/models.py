"""Histograms of scores by day: what every question about scores is answered from."""

from sqlalchemy import Column, Date, Index, Integer, Numeric, SmallInteger, Table, Text, Uuid

from services.metrics.db import Base
from services.metrics.facts.reading import HIGHEST_SCORE, Exclusion

KEY = (
    "account_id",
    "scheme",
    "day",
    "channel",
    "touchpoint",
    "survey_id",
    "journey_stage",
    "minimum",
    "maximum",
)
SCORES = tuple(f"s{score}" for score in range(HIGHEST_SCORE + 1))
EXCLUSIONS = tuple(exclusion.value for exclusion in Exclusion)
SUMS = ("index_sum", "index_squares")

# A cell counts the facts of one day (in UTC) that agree in everything one can ask by: s0..s10 those with so many
# points, the others those that do not count; the sums are those of the exact values of an index. A table without a
# primary key, because parts of its key may be null.
rollups = Table(
    "rollups",
    Base.metadata,
    Column("account_id", Uuid, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("touchpoint", Text),
    Column("survey_id", Uuid),
    Column("journey_stage", Text),
    Column("minimum", SmallInteger),
    Column("maximum", SmallInteger),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*SCORES, *EXCLUSIONS)),
    *(Column(name, Numeric, nullable=False, server_default="0") for name in SUMS),
)
Index("uq_rollups_key", *(rollups.c[name] for name in KEY), unique=True, postgresql_nulls_not_distinct=True)
