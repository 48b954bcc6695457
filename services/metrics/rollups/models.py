"""Histograms of scores by day: what every question about scores is answered from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Numeric, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from services.metrics.facts.reading import HIGHEST_SCORE, Exclusion
from shared.db.base import AccountOwned

KEY = (
    "account_id",
    "generation",
    "scheme",
    "day",
    "channel",
    "touchpoint",
    "survey_id",
    "journey_stage",
    "language",
    "variant",
    "minimum",
    "maximum",
)
SCORES = tuple(f"s{score}" for score in range(HIGHEST_SCORE + 1))
EXCLUSIONS = tuple(exclusion.value for exclusion in Exclusion)
SUMS = ("index_sum", "index_squares")

# A cell counts the facts of one day (in the time zone of its generation) that agree in everything one can ask by:
# s0..s10 those with so many points, the others those that do not count; the sums are those of the exact values of an
# index. A table without a primary key, because parts of its key may be null.
rollups = Table(
    "rollups",
    Base.metadata,
    Column("account_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False, server_default="1"),
    Column("scheme", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("channel", Text, nullable=False),
    Column("touchpoint", Text),
    Column("survey_id", Uuid),
    Column("journey_stage", Text),
    Column("language", Text),
    Column("variant", Text),
    Column("minimum", SmallInteger),
    Column("maximum", SmallInteger),
    *(Column(name, Integer, nullable=False, server_default="0") for name in (*SCORES, *EXCLUSIONS)),
    *(Column(name, Numeric, nullable=False, server_default="0") for name in SUMS),
)
Index("uq_rollups_key", *(rollups.c[name] for name in KEY), unique=True, postgresql_nulls_not_distinct=True)


class Generation(AccountOwned, Base):
    """All cells of an account that were counted in one go, by the days of one time zone, and kept up since.

    One is `serving`: answers come from it. One may be `building` beside it: what happened before `counted_until` is in
    it (null: nothing yet), and kept up. What is `retired` is kept up no more, and goes away. `expected` and `counted`
    are how many facts there were at its start and are in it so far; `seconds` is how long a stretch of time to count
    next; `corrected` is how many cells its predecessor in the same time zone had wrong.
    """

    __tablename__ = "generations"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    time_zone: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    counted_until: Mapped[datetime | None]
    seconds: Mapped[int] = mapped_column(server_default="3600")
    expected: Mapped[int] = mapped_column(BigInteger, server_default="0")
    counted: Mapped[int] = mapped_column(BigInteger, server_default="0")
    corrected: Mapped[int | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_generations_state",
            *("account_id", "state"),
            unique=True,
            postgresql_where=text("state <> 'retired'"),
        ),
    )
