"""What the metrics service is known by. It tells nothing of its own yet: it listens, and answers questions."""

from typing import Literal

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
]
