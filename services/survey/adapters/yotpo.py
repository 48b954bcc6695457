"""Yotpo: product and site reviews, pushed complete. Nothing is signed; the address is the secret.

https://apidocs.yotpo.com (about webhooks). Two versions of the payload are about, one with everything as strings.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from services.survey.adapters.base import Capabilities, Connection, PushComplete, Received, Unreadable, Verified
from services.survey.adapters.reading import Maybe, Sent, read, version_at
from services.survey.adapters.reviews import Moment, known_by_address, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, Item
from shared.http.schemas import Model


class YotpoSettings(Model):
    """One source is one shop."""

    app_key: str | None = Field(
        None,
        max_length=200,
        description="The shop's app key (Yotpo: Settings, Store): reviews of any other shop are put aside.",
    )


class _Data(Sent):
    id: str
    title: Maybe = None
    content: Maybe = None
    score: str | None = None
    deleted: bool = False
    archived: bool | None = None
    app_key: Maybe = None
    created_at: Moment
    updated_at: Moment | None = None
    verified_buyer: bool | None = None
    email: Maybe = Field(None, alias="customer_email")
    name: Maybe = Field(None, alias="customer_name")
    order_id: Maybe = None
    external_order_id: Maybe = None
    product_id: Maybe = Field(None, alias="external_product_id")


class _Body(Sent):
    event: Literal["review_create", "review_created", "review_updated"]
    data: _Data


class Yotpo(PushComplete):
    """Sends reviews as they come and as they change. What Yotpo's support deletes is not told."""

    name: ClassVar[str] = "yotpo"
    title: ClassVar[str] = "Yotpo"
    capabilities: ClassVar[Capabilities] = Capabilities(deletions=True)
    settings: ClassVar[type[Model]] = YotpoSettings
    setup: ClassVar[Sequence[str]] = (
        "Ask your contact at Yotpo to switch webhooks on for `review_create` and `review_updated` with `{url}`.",
        "Keep this address to yourself: Yotpo signs nothing.",
        "Enter the shop's app key, so that only its reviews are taken.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        return known_by_address(received.header("eventid"))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        body = read(_Body, received.body)
        expected = connection.settings.app_key
        if expected and body.data.app_key and body.data.app_key != expected:
            raise Unreadable("the review belongs to another app key than the one in this source's settings")
        with readable():
            return [_item(body)]


def _item(body: _Body) -> FeedbackItem:
    review = body.data
    written = review.updated_at or review.created_at
    changed = body.event == "review_updated" or written.at > review.created_at.at
    return FeedbackItem(
        external_id=review.id,
        external_version=version_at(written.at),
        op="delete" if review.deleted else "update" if changed else "create",
        occurred_at=written.at,
        time_confidence=written.confidence,
        kind="review",
        channel="yotpo",
        rating=rating(review.score),
        title=review.title,
        text=review.content,
        author=Author(name=review.name, email=review.email, verified=bool(review.verified_buyer)),
        order_ref=review.external_order_id or review.order_id,
        product_ref=review.product_id,
        verified=review.verified_buyer,
    )
