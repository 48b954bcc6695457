"""Judge.me: reviews of products and shops, pushed complete and signed.

https://judge.me/help/en/articles/8299679 (signature), https://judge.me/api/docs (fields and replies).
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from pydantic import Field

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    LiveSecrets,
    Platform,
    Posted,
    PushComplete,
    Received,
    Replies,
    ReplyRefused,
    Verified,
)
from services.survey.adapters.reading import Maybe, Sent, read, version_at
from services.survey.adapters.reviews import Moment, rating, readable
from services.survey.adapters.signatures import check_hmac
from services.survey.hearing.canonical import Author, FeedbackItem, Item, Media, version_of
from shared.http.schemas import Model

API: Final = "https://api.judge.me/api/v1"
_HEX_DIGITS: Final = 64


class JudgemeSettings(Model):
    """Needed for replies only."""

    shop_domain: str | None = Field(
        None, max_length=253, description="The shop's domain as Judge.me knows it, such as `my-shop.myshopify.com`."
    )


class JudgemeSecrets(Model):
    """Judge.me signs with the secret of whoever created the webhook."""

    signing_secrets: LiveSecrets = Field(
        description="The OAuth app's secret if an app created the webhook, else the private API token "
        "(Judge.me admin, Settings, Integrations, View API tokens)."
    )
    api_token: str | None = Field(
        None, max_length=10_000, description="The private API token, if replies shall be posted from here."
    )


class _Reviewer(Sent):
    id: Maybe = None
    external_id: Maybe = None
    email: Maybe = None
    name: Maybe = None
    phone: Maybe = None


class _Pictures(Sent):
    urls: dict[str, Any] = Field(default_factory=dict)
    hidden: bool | None = None


class _Review(Sent):
    id: str
    title: Maybe = None
    body: Maybe = None
    rating: str | None = None
    product_external_id: Maybe = None
    reviewer: _Reviewer | None = None
    source: Maybe = None
    curated: Maybe = None
    hidden: bool | None = None
    # `nothing` for one that nobody vouches for, else how it was found out: `buyer`, `verified-purchase`, `email` ...
    verified: Maybe = None
    created_at: Moment
    updated_at: Moment | None = None
    pictures: list[_Pictures] | None = None


class _Body(Sent):
    review: _Review


class Judgeme(PushComplete, Replies):
    """Sends `review/created` and `review/updated`, each with the review as it is then."""

    name: ClassVar[str] = "judgeme"
    title: ClassVar[str] = "Judge.me"
    capabilities: ClassVar[Capabilities] = Capabilities(reply=True)
    settings: ClassVar[type[Model]] = JudgemeSettings
    secrets: ClassVar[type[Model]] = JudgemeSecrets
    setup: ClassVar[Sequence[str]] = (
        "Create the webhooks `review/created` and `review/updated` with the address `{url}` (Judge.me API, Webhooks).",
        "Enter the secret of the app or the token that created them.",
        "For replies, enter the shop's domain and the private API token.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        """HMAC-SHA256 of the body. Judge.me shows examples in hex; base64 is taken too, since its page does not say."""
        signature = received.header("judgeme-hmac-sha256")
        in_hex = signature is not None and len(signature) == _HEX_DIGITS
        check_hmac(
            signature,
            received.body,
            connection.secrets.signing_secrets,
            algorithm="sha256",
            encoding="hex" if in_hex else "base64",
        )
        return Verified(scheme="hmac-sha256-hex" if in_hex else "hmac-sha256-base64")

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        review = read(_Body, received.body).review
        with readable():
            return [_item(review)]

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        """A public reply, which Judge.me mails to the reviewer too. It has no name of its own."""
        if connection.secrets.api_token is None or connection.settings.shop_domain is None:
            raise AccessDenied("enter the shop's domain and its private API token to reply")
        answer = await platform.request(
            "POST",
            f"{API}/replies",
            params={"shop_domain": connection.settings.shop_domain},
            headers={"X-Api-Token": connection.secrets.api_token},
            json={"review_id": external_id, "send_reply_email": True, "reply": {"content": text}},
        )
        if answer.status in {401, 403}:
            raise AccessDenied("Judge.me does not take the API token")
        if answer.status >= 400:
            raise ReplyRefused(f"Judge.me refused the reply with status {answer.status}")
        return Posted()


def _item(review: _Review) -> FeedbackItem:
    written = review.updated_at or review.created_at
    reviewer = review.reviewer or _Reviewer()
    changed = review.updated_at is not None and review.updated_at.at > review.created_at.at
    vouched = None if review.verified is None else review.verified != "nothing"
    pictures = [picture for picture in review.pictures or () if not picture.hidden]
    return FeedbackItem(
        external_id=review.id,
        external_version=version_at(written.at) if review.updated_at else version_of(review.model_dump()),
        op="delete" if review.curated == "spam" else "update" if changed else "create",
        occurred_at=written.at,
        time_confidence=written.confidence,
        kind="review",
        channel="judgeme",
        rating=rating(review.rating),
        title=review.title,
        text=review.body,
        author=Author(
            name=reviewer.name,
            email=reviewer.email,
            phone=reviewer.phone,
            external_id=reviewer.external_id,
            handle=reviewer.id,
            verified=bool(vouched),
        ),
        product_ref=review.product_external_id,
        verified=vouched,
        solicited=review.source == "email" if review.source else None,
        media=tuple(Media(url=url) for picture in pictures if (url := _largest(picture.urls))),
    )


def _largest(urls: dict[str, Any]) -> str | None:
    found = urls.get("original") or urls.get("huge")
    return found if isinstance(found, str) else None
