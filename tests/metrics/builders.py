"""Feedback as the survey service would tell of it, with everything that does not matter filled in."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.metrics.facts.service import Heard
from shared.contracts.consent import ConsentChanged
from shared.contracts.customers import CustomerProfile, CustomerUpdated
from shared.contracts.feedback import Feedback, FeedbackReceived, FeedbackUpdated
from shared.contracts.ratings import Band, QuestionRating, Rating, RatingScheme
from shared.ids import new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCALES: dict[RatingScheme, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}


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


def index(question: str, exact: str) -> QuestionRating:
    """The answer to an index of this exact value."""
    value = round(Decimal(exact))
    band: Band = "negative" if value < 50 else "positive"
    rated = Rating(scheme="csi", value=value, minimum=0, maximum=100, normalised=value, band=band)
    return QuestionRating(question=question, rating=rated, index=Decimal(exact))


def heard(said: list[FeedbackReceived]) -> list[Heard]:
    """As told for the first time."""
    return [Heard(1, each) for each in said]


def updated(said: Feedback, **changes: Any) -> FeedbackUpdated:
    """The same feedback, told anew with these changes."""
    return FeedbackUpdated(**{**dict(said), "reason": "changed", **changes})


def record_of(customer_id: UUID, *, restricted: bool) -> CustomerUpdated:
    """A customer's record, as far as it matters here."""
    unknown: dict[str, Any] = dict.fromkeys(CustomerProfile.model_fields)
    profile = CustomerProfile(**unknown | {"attributes": {}, "restricted": restricted})
    return CustomerUpdated(customer_id=customer_id, profile=profile)


def analytics(customer_id: UUID, *, granted: bool, at: datetime = NOON, **changes: Any) -> ConsentChanged:
    """A statement about being computed on."""
    values: dict[str, Any] = {
        "consent_id": new_id(),
        "customer_id": customer_id,
        "purpose": "analytics",
        "channel": "any",
        "granted": granted,
        "basis": "consent",
        "source": "form",
        "text_version": None,
        "effective_at": at,
        "recorded_at": at,
    }
    return ConsentChanged(**(values | changes))
