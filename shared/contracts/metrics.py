"""What the metrics service is known by, and what it tells the others."""

from datetime import datetime
from typing import ClassVar, Literal

from shared.contracts.base import Payload

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
