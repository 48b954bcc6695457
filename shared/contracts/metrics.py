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
]
