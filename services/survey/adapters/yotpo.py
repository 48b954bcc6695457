"""Yotpo: product and site reviews, pushed complete and listed each night. Nothing is signed; the address is the secret.

https://apidocs.yotpo.com (about webhooks, retrieve all reviews). Two versions of the payload are about, one with
everything as strings; the list names some fields in its own way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Platform,
    Poll,
    Polled,
    PushComplete,
    Received,
    Unreadable,
    Verified,
)
from services.survey.adapters.calling import ONE_TURN, TOKENS, quoted, read_answer, refusal
from services.survey.adapters.reading import Maybe, Sent, read, version_at
from services.survey.adapters.reviews import Moment, known_by_address, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, Item
from shared.http.schemas import Model

API: Final = "https://api.yotpo.com"
_PAGE: Final = 100


class YotpoSettings(Model):
    """One source is one shop."""

    app_key: str | None = Field(
        None,
        max_length=200,
        description="The shop's app key (Yotpo: Settings, Store): reviews of any other shop are put aside.",
    )


class YotpoSecrets(Model):
    api_secret: str | None = Field(
        None,
        max_length=200,
        description="The shop's API secret (Yotpo: Settings, Store), so that its reviews are listed each night: what "
        "was not pushed is found, and what was deleted.",
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
    reviewer_type: Maybe = None
    customer_email: Maybe = None
    customer_name: Maybe = None
    email: Maybe = None
    name: Maybe = None
    order_id: Maybe = None
    external_order_id: Maybe = None
    external_product_id: Maybe = None
    sku: Maybe = None

    @property
    def is_verified(self) -> bool | None:
        return self.verified_buyer if self.reviewer_type is None else self.reviewer_type == "verified_buyer"


class _Body(Sent):
    event: Literal["review_create", "review_created", "review_updated"]
    data: _Data


class _Listed(Sent):
    reviews: list[_Data]


class Yotpo(PushComplete, Poll):
    """Sends reviews as they come and as they change. What Yotpo's support deletes or makes anonymous is not told; the
    nightly list shows it."""

    name: ClassVar[str] = "yotpo"
    title: ClassVar[str] = "Yotpo"
    capabilities: ClassVar[Capabilities] = Capabilities(poll=True, deletions=True)
    settings: ClassVar[type[Model]] = YotpoSettings
    secrets: ClassVar[type[Model]] = YotpoSecrets
    every: ClassVar[timedelta] = timedelta(days=1)
    setup: ClassVar[Sequence[str]] = (
        "Ask your contact at Yotpo to switch webhooks on for `review_create` and `review_updated` with `{url}`.",
        "Keep this address to yourself: Yotpo signs nothing.",
        "Enter the shop's app key, so that only its reviews are taken.",
        "Enter its API secret too, so that each night nothing that was missed or deleted stays unknown.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        return known_by_address(received.header("eventid"))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        body = read(_Body, received.body)
        expected = connection.settings.app_key
        if expected and body.data.app_key and body.data.app_key != expected:
            raise Unreadable("the review belongs to another app key than the one in this source's settings")
        with readable():
            return [_item(body.data, is_update=body.event == "review_updated")]

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """As many pages as one turn takes; `cursor` is the next one. Yotpo counts nothing, so the list is believed to
        be whole only if it ends as lists do: full pages, a shorter one, and then an empty one."""
        key, secret = connection.settings.app_key, connection.secrets.api_secret
        if not (key and secret):
            return Polled([], dict(cursor))
        first = page = int(cursor.get("page", 1))
        found: dict[str, _Data] = {}
        until, is_short = platform.now() + ONE_TURN, False
        while listed := await _page(platform, key, secret, page):
            found |= {review.id: review for review in listed}
            page, is_short = page + 1, len(listed) < _PAGE
            if platform.now() >= until:
                break
        with readable():
            items = [_item(review, is_update=False) for review in found.values()]
        if listed:
            return Polled(items, {"page": page}, more=True)
        return Polled(items, {}, whole="" if first == 1 and is_short else None)


async def _page(platform: Platform, key: str, secret: str, page: int) -> list[_Data]:
    grant = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
    token = await TOKENS.token(platform, f"{API}/oauth/token", grant)
    params = {"utoken": token, "count": str(_PAGE), "page": str(page)}
    answer = await platform.request("GET", f"{API}/v1/apps/{quoted(key)}/reviews", params=params)
    if answer.status in {401, 403}:
        TOKENS.forget(token)
        raise AccessDenied(refusal(answer))
    return read_answer(_Listed, answer).reviews


def _item(review: _Data, *, is_update: bool) -> FeedbackItem:
    written = review.updated_at or review.created_at
    changed = is_update or written.at > review.created_at.at
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
        author=Author(
            name=review.customer_name or review.name,
            email=review.customer_email or review.email,
            verified=bool(review.is_verified),
        ),
        order_ref=review.external_order_id or review.order_id,
        product_ref=review.external_product_id or review.sku,
        verified=review.is_verified,
    )
