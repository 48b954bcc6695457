"""What the metrics service is known by, and what it tells: wrong sums, and numbers that moved."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Part, Payload

# Those of its catalogue, by which others say what they expect to change.
MetricName = Literal[
    "nps",
    "csat",
    "csat_mean",
    "ces",
    "ces_pct",
    "csi",
    "rating",
    "rating_pct",
    "binary_pct",
    "review_rating",
    "review_rating_pct",
    "recommended_pct",
    "recovered_reviews_pct",
    "first_response",
    "first_response_business",
    "resolution",
    "resolution_business",
    "sla_attainment",
    "reopen_rate",
    "one_touch_rate",
    "escalation_rate",
    "closed_loop_rate",
    "recovery_rate",
    "backlog",
    "retention",
    "churn",
    "revenue_churn_gross",
    "revenue_churn_net",
    "repeat_rate",
    "cltv",
    "cltv_capped",
    "cltv_discounted",
    "cac",
    "payback",
    "cltv_to_cac",
    "response_rate",
    "display_rate",
    "completion_rate",
    "drop_off_rate",
    "bot_containment",
    "handoff_rate",
]


class NumbersDiffer(Payload):
    """Sums were compared with what they add up, and some were wrong: `cells` of scores, and `tickets`. It is a defect
    of Heed. It comes every night until they are right. Subject: the account."""

    TYPE: ClassVar[str] = "heed.metrics.verification.failed.v1"

    cells: int
    tickets: int
    verified_at: datetime


AlertDirection = Literal["up", "down"]
AlertEnding = Literal["over", "usual_now", "withdrawn"]


class AlertCause(Part):
    """A group that has more of a change than of the answers: `share` of the whole change."""

    dimension: str
    group: str | None
    share: float


class AlertRaised(Payload):
    """A metric that is watched moved, by more than noise explains. Told once for each cause. Subject: the alarm.

    From `since` to before `until` it was at `value` and not at `expected`; `low` to `high` is the 95 % interval of
    `change`. `groups`: which of the watched groups moved, what differs most first; the numbers are of that one.
    """

    TYPE: ClassVar[str] = "heed.metrics.alert.raised.v1"

    alarm_id: UUID
    alert_id: UUID
    name: str
    metric: str
    title: str
    unit: str
    direction: AlertDirection
    since: date
    until: date
    value: float | None
    expected: float | None
    change: float
    low: float
    high: float
    n: int
    groups: tuple[str, ...]
    causes: tuple[AlertCause, ...]
    owner_id: UUID | None


class AlertClosed(Payload):
    """What moved is as usual again (`over`), is the usual now (`usual_now`), or is not watched any more (`withdrawn`).
    Subject: the alarm."""

    TYPE: ClassVar[str] = "heed.metrics.alert.closed.v1"

    alarm_id: UUID
    alert_id: UUID
    name: str
    metric: str
    direction: AlertDirection
    ending: AlertEnding
    raised_at: datetime
    closed_at: datetime
    owner_id: UUID | None
