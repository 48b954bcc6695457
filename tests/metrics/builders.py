"""Feedback as the survey service would tell of it, with everything that does not matter filled in."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.ratings import Band, Rating, RatingScheme
from shared.contracts.survey import FeedbackReceived
from shared.ids import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCALES: dict[RatingScheme, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def rating(scheme: RatingScheme, value: int, *, is_turned: bool = False) -> Rating:
    """On the scheme's usual scale; `is_turned` if less is better on it."""
    minimum, maximum = SCALES[scheme]
    upwards = round(100 * (value - minimum) / (maximum - minimum))
    normalised = 100 - upwards if is_turned else upwards
    band: Band = "negative" if normalised < 50 else "positive"
    return Rating(scheme=scheme, value=value, minimum=minimum, maximum=maximum, normalised=normalised, band=band)


def feedback(**changes: Any) -> FeedbackReceived:
    """A finished NPS answer of 9 by e-mail, at noon of 2026-03-01, unless said otherwise."""
    at = changes.get("occurred_at", NOON)
    values: dict[str, Any] = {
        "feedback_id": new_id(),
        "kind": "response",
        "channel": "email",
        "source": "survey",
        "survey_id": None,
        "survey_name": None,
        "response_id": None,
        "customer_id": None,
        "ticket_id": None,
        "rating": rating("nps", 9),
        "text": None,
        "language": None,
        "sentiment": None,
        "topics": (),
        "touchpoint": None,
        "journey_stage": None,
        "dimensions": {},
        "completed": True,
        "occurred_at": at,
        "received_at": at,
    }
    return FeedbackReceived(**(values | changes))
