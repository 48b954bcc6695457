"""Stamped: reviews, Net Promoter Scores and questions, pushed complete; a secret goes along as it is.

https://support.stamped.io/article/834-webhooks.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from pydantic import Field, model_validator

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import Maybe, Sent, read
from services.survey.adapters.reviews import Moment, Stamp, rating, readable
from services.survey.adapters.signatures import check_shared_secret
from services.survey.hearing.canonical import Author, FeedbackItem, Item, version_of
from shared.http.schemas import Model

_HIGHEST_NPS: Final = 10


class StampedSecrets(Model):
    """Stamped signs nothing: it sends the secret along."""

    webhook_secrets: LiveSecrets = Field(
        description="What you enter as `Secret` with the webhook (Stamped: Settings, Webhooks): a long random word."
    )


class _Review(Sent):
    id: str
    author: Maybe = None
    email: Maybe = Field(None, alias="customerEmail")
    title: Maybe = Field(None, alias="reviewTitle")
    message: Maybe = Field(None, alias="reviewMessage")
    rating: str | None = Field(alias="reviewRating")
    # 0: nobody vouches for it; 1 and 2: a verified reviewer or buyer.
    verified_type: int | None = Field(None, alias="reviewVerifiedType")
    product_id: Maybe = Field(None, alias="productId")
    product_url: Maybe = Field(None, alias="productUrl")
    location: Maybe = None
    created: Moment | None = Field(None, alias="dateCreated")


class _Score(Sent):
    """A Net Promoter Score; Stamped writes its names in capitals, unlike those of reviews."""

    id: str
    rating: str
    body: Maybe = None
    name: Maybe = None
    author: Maybe = None
    email: Maybe = None
    customer_email: Maybe = Field(None, alias="customeremail")
    created: Moment | None = Field(None, alias="datecreated")

    @model_validator(mode="before")
    @classmethod
    def in_small_letters(cls, sent: Any) -> Any:
        return {str(name).lower(): value for name, value in sent.items()} if isinstance(sent, dict) else sent


class _Question(Sent):
    id: str
    message: Maybe
    email: Maybe = None
    name: Maybe = None
    customer_email: Maybe = None
    product_id: Maybe = None
    created: Moment | None = Field(None, alias="date_created")


class _Anything(Sent):
    """Which of them it is: each has a field that the others lack."""

    review_rating: str | None = Field(None, alias="reviewRating")
    score_id: str | None = Field(None, alias="Id")
    message: str | None = None


class Stamped(PushComplete):
    """Sends new and changed reviews, answers to NPS questions, and questions of visitors."""

    name: ClassVar[str] = "stamped"
    title: ClassVar[str] = "Stamped"
    capabilities: ClassVar[Capabilities] = Capabilities()
    secrets: ClassVar[type[Model]] = StampedSecrets
    setup: ClassVar[Sequence[str]] = (
        "In Stamped, open Settings, Webhooks, Add Webhook, and enter `{url}` as the payload URL.",
        "Think of a long random word, and enter it there as `Secret` and here as the webhook's secret.",
        "Leave `All events` off, and choose reviews, Net Promoter Scores and questions.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        """The secret comes in `X-Stamped-Webhook-Secret`, and in `X-Secret-Key` too."""
        given = received.header("x-stamped-webhook-secret") or received.header("x-secret-key")
        check_shared_secret(given, connection.secrets.webhook_secrets)
        return Verified(scheme="shared-secret")

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        kind = read(_Anything, received.body)
        with readable():
            if kind.review_rating is not None:
                return [_review(read(_Review, received.body), Stamp(received.at, "assumed"))]
            if kind.score_id is not None:
                return [_score(read(_Score, received.body), Stamp(received.at, "assumed"))]
            if kind.message is not None:
                return [_question(read(_Question, received.body), Stamp(received.at, "assumed"))]
        raise Unreadable("neither a review, nor a Net Promoter Score, nor a question: leave that event out at Stamped")


def _review(review: _Review, arrived: Stamp) -> FeedbackItem:
    created = review.created or arrived
    vouched = None if review.verified_type is None else review.verified_type > 0
    return FeedbackItem(
        external_id=review.id,
        external_version=version_of(review.model_dump(mode="json")),
        occurred_at=created.at,
        time_confidence=created.confidence,
        kind="review",
        channel="stamped",
        rating=rating(review.rating),
        title=review.title,
        text=review.message,
        author=Author(name=review.author, email=review.email, verified=bool(vouched)),
        product_ref=review.product_id,
        url=review.product_url,
        verified=vouched,
    )


def _score(score: _Score, arrived: Stamp) -> FeedbackItem:
    created = score.created or arrived
    return FeedbackItem(
        external_id=f"nps-{score.id}",
        external_version=version_of(score.model_dump(mode="json")),
        occurred_at=created.at,
        time_confidence=created.confidence,
        kind="survey",
        channel="stamped",
        rating=rating(score.rating, 0, _HIGHEST_NPS, "nps"),
        text=score.body,
        author=Author(name=score.name or score.author, email=score.customer_email or score.email),
        solicited=True,
    )


def _question(question: _Question, arrived: Stamp) -> FeedbackItem:
    created = question.created or arrived
    return FeedbackItem(
        external_id=f"question-{question.id}",
        external_version=version_of(question.model_dump(mode="json")),
        occurred_at=created.at,
        time_confidence=created.confidence,
        kind="message",
        channel="stamped",
        text=question.message,
        author=Author(name=question.name, email=question.customer_email or question.email, verified=False),
        product_ref=question.product_id,
    )
