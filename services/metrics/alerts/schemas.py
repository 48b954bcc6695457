"""What is asked for, and what was found."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.metrics.scores.schemas import ConfidenceInterval
from services.metrics.scores.selection import By
from shared.http.schemas import Model, Name

Direction = Literal["up", "down"]
Ending = Literal["over", "usual_now", "withdrawn"]
WatchState = Literal["new", "learning", "watching", "alarm", "impossible"]
Number = Annotated[float, Field(allow_inf_nan=False)]
Filter = Annotated[dict[By, Annotated[list[str], Field(min_length=1, max_length=50)]], Field(max_length=10)]


class NewWatch(Model):
    """A metric to keep an eye on. Its alarms are mailed to `owner_id`, to the account's owners if there is none."""

    name: Name
    metric: str = Field(max_length=80, description="One of `GET /v1/metrics`, of what customers said or of tickets.")
    filter: Filter = Field(default={}, description='Only what has one of these values: `{"channel": ["email"]}`.')
    by: By | None = Field(None, description="Watch each group by itself. Only with `every: week`.")
    every: Literal["day", "week"] = "week"
    direction: Literal["up", "down", "both"] = "both"
    minimum_effect: Annotated[Number, Field(gt=0, le=1e9)] = Field(
        description="The smallest change worth telling, in the metric's own unit."
    )
    minimum_n: Annotated[int, Field(ge=5, le=1_000_000)] = Field(
        default=30, description="Periods with fewer answers are left out."
    )
    alarms_per_month: Annotated[Number, Field(ge=0.01, le=10)] = Field(
        default=0.25, description="So many may come of noise alone. The fewer, the later a change is told."
    )
    owner_id: UUID | None = None


class WatchOut(NewWatch):
    """`learning`: there is too little history to say what is usual. `impossible`: it could not be looked at, and
    `problem` says why."""

    id: UUID
    state: WatchState
    problem: str | None
    looked_at: datetime | None
    looked_to: date | None = Field(description="The first day after the last period that was judged.")
    version: int
    created_at: datetime
    updated_at: datetime


class CauseOut(Model):
    """A group that has more of the change than of the answers. `own`: what came of its own value, `mix`: of there being
    more or fewer of it, both in the metric's unit; together they are `share` of the change of the whole."""

    dimension: str
    group: str | None
    own: float
    mix: float
    share: float
    weight: float = Field(description="Its share of the answers.")
    value: float | None
    n: int
    value_before: float | None
    n_before: int
    rows: str | None


class AlarmOut(Model):
    """What moved: from `from` to before `to` the metric was at `value` and not at `expected`. `groups`: which of the
    watch's groups moved this way; the numbers are of the first, which differs most."""

    id: UUID
    watch_id: UUID
    metric: str
    direction: Direction
    filter: dict[By, list[str]]
    groups: list[str]
    from_: date = Field(serialization_alias="from")
    to: date
    value: float | None
    expected: float | None
    change: float
    interval: ConfidenceInterval = Field(description="Of `change`.")
    n: int
    causes: list[CauseOut] = Field(description="The most telling first; compared with the 8 weeks before.")
    rows: str
    raised_at: datetime
    closed_at: datetime | None
    ending: Ending | None = Field(
        description="`over`: the usual is back. `usual_now`: it has lasted so long that it is the usual now. "
        "`withdrawn`: the watch was changed or deleted."
    )


class ChartPoint(Model):
    """`expected` and its limits are null while there is too little history. Outside of them a period raises an alarm
    alone; smaller differences add up."""

    from_: date = Field(serialization_alias="from")
    to: date
    value: float | None
    n: int
    expected: float | None
    low: float | None
    high: float | None
    alarm: Direction | None


class ChartLine(Model):
    group: str | None
    points: list[ChartPoint]


class Chart(Model):
    """What the alarms follow from, by today's numbers."""

    metric: str
    unit: str
    time_zone: str
    lines: list[ChartLine]
