"""Bodies of `/v1/feedback`."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from services.survey.definition.texts import Key
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import Row
from services.survey.hearing.canonical import ItemRating
from services.survey.hearing.models import HeardItem
from services.survey.hearing.ratings import rating_of
from services.survey.understanding.urgency import UrgencyLabel
from shared.contracts.ratings import Band, QuestionRating, Rating, RatingScheme
from shared.http.schemas import Model


class RatingOut(Model):
    """`raw` is what was given; `normalised` maps it to 0..100 where higher is better; `band` is the scheme's own."""

    scheme: RatingScheme
    raw: int
    minimum: int
    maximum: int
    normalised: int
    band: Band


class SentimentOut(Model):
    """`score` is -1..1. `method`: `rating`, `model`, `lexicon`, or `human` for a corrected label.

    `evidence`: the words that led to it, as they were written; `model`: which model or lexicon it was, such as `en-1`.
    `mixed`: the words pull both ways, or against the rating; then the evidence is what speaks against it.
    """

    label: Band
    score: float
    method: str
    evidence: list[str]
    model: str | None
    mixed: bool


class TopicOut(Model):
    """`evidence` holds the words that led to it; none where a person added it. `parent`: of the second level.

    `model`: which model found it, such as `own-topics-2`; null for one by the words of the taxonomy or of a person."""

    key: str
    parent: str | None
    model: str | None
    evidence: list[str]


class UrgencyOut(Model):
    """How soon somebody should look, and the words that say so, as they were written; none where a person said so."""

    label: UrgencyLabel
    evidence: list[str]


class FeedbackOut(Model):
    """`rating` is the leading one of `ratings`, as it was given; those read "higher is better" throughout.

    Of what came from a connected source: what it is called there and what it is about. `thread_id` is its conversation;
    `automatic`: no person wrote it; `removed_at`: it is no longer there, and counts no more; `first_rating` is what its
    author gave at first, if they have changed it since.
    """

    id: UUID
    version: int
    kind: str
    channel: str
    source: str
    survey_id: UUID | None
    survey_name: str | None
    response_id: UUID | None
    customer_id: UUID | None
    ticket_id: UUID | None
    rating: RatingOut | None
    text: str | None
    language: str | None
    sentiment: SentimentOut | None
    topics: list[TopicOut]
    touchpoint: str | None
    journey_stage: str | None
    dimensions: dict[str, str]
    completed: bool
    occurred_at: datetime
    received_at: datetime
    ratings: list[QuestionRating]
    suspicious: list[str] = Field(description="Why a program may have written it, such as `trapped`; mostly empty.")
    urgency: UrgencyOut | None
    source_id: UUID | None
    external_id: str | None
    title: str | None
    url: str | None
    author_name: str | None
    verified: bool | None
    product_ref: str | None
    order_ref: str | None
    location_ref: str | None
    thread_id: UUID | None
    automatic: str | None
    removed_at: datetime | None
    first_rating: Rating | None

    @classmethod
    def of(cls, feedback: Feedback) -> Self:
        fields: Row = {name: getattr(feedback, name, None) for name in cls.model_fields}
        if feedback.scheme is not None:
            fields["rating"] = {name: getattr(feedback, name, feedback.score) for name in RatingOut.model_fields}
        if feedback.sentiment_label is not None:
            fields["sentiment"] = {name: getattr(feedback, f"sentiment_{name}") for name in SentimentOut.model_fields}
        if feedback.urgency_label is not None:
            fields["urgency"] = {name: getattr(feedback, f"urgency_{name}") for name in UrgencyOut.model_fields}
        fields["topics"] = [{"parent": None, "model": None} | topic for topic in feedback.topics]
        return cls.model_validate(fields)


class FeedbackVersionOut(Model):
    """One version of what was said, as its source has it. `at`: when it came to be there; `removed`: when it went.

    `rating` is null if it has none, or if its source told of the removal alone.
    """

    external_version: str
    at: datetime
    heard_at: datetime
    removed: bool
    title: str | None
    text: str | None
    rating: Rating | None

    @classmethod
    def of(cls, item: HeardItem) -> Self:
        content = item.content or {}
        given = content.get("rating")
        return cls(
            external_version=item.external_version,
            at=item.version_at,
            heard_at=item.heard_at,
            removed=item.removal,
            title=content.get("title"),
            text=content.get("text"),
            rating=rating_of(ItemRating.model_validate(given)) if given else None,
        )


class FeedbackChange(Model):
    """Correct a label. `topics` replaces the list; a topic that stays keeps its evidence."""

    sentiment: Band = Field(default_factory=lambda: "neutral")
    topics: Annotated[list[Key], Field(max_length=50, default_factory=list)]
    urgency: UrgencyLabel = Field(default_factory=lambda: "normal")
