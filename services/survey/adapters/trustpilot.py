"""Trustpilot: reviews of the business and of products, pushed complete. Nothing is signed; the address is the secret.

https://support.trustpilot.com (webhooks), https://developers.trustpilot.com/service-reviews-api (private API).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from pydantic import Field, JsonValue

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Platform,
    Poll,
    Polled,
    Posted,
    PushComplete,
    PushHint,
    Received,
    Replies,
    Verified,
)
from services.survey.adapters.calling import TOKENS, asked, check_taken, quoted, read_answer
from services.survey.adapters.reading import Maybe, Sent, read
from services.survey.adapters.reviews import Moment, gone, known_by_address, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, Hint, Item, version_of
from shared.http.schemas import Model

API: Final = "https://api.trustpilot.com/v1/private"
TOKEN_URL: Final = "https://authenticate.trustpilot.com/oauth/token"
_EVENT: Final = re.compile(r"(?:service|product)-review-(created|updated|deleted)")
_PAGE: Final = 100
_OVERLAP: Final = timedelta(days=7)
# What people are alarmed by is looked up first, where it can be.
_ALARMING: Final = 2


class TrustpilotSettings(Model):
    """Needed for looking reviews up and for replies."""

    business_unit_id: str | None = Field(
        None, max_length=64, pattern="^[0-9a-f]+$", description="Trustpilot Business: Integrations, Developers, APIs."
    )


class TrustpilotSecrets(Model):
    """Of an application with access to the private API (Trustpilot Business: Integrations, Developers, APIs)."""

    api_key: str | None = Field(None, max_length=200, description="The application's API key.")
    api_secret: str | None = Field(None, max_length=200, description="The application's secret.")


class _Consumer(Sent):
    id: Maybe = None
    name: Maybe = None
    display_name: Maybe = Field(None, alias="displayName")


class _Tag(Sent):
    group: Maybe = None
    value: Maybe = None


class _Review(Sent):
    """Of a webhook or of the private API; the latter has `referralEmail` and `updatedAt` too."""

    id: str
    language: Maybe = None
    title: Maybe = None
    text: Maybe = None
    reference_id: Maybe = Field(None, alias="referenceId")
    stars: str | None = None
    created_at: Moment | None = Field(None, alias="createdAt")
    updated_at: Moment | None = Field(None, alias="updatedAt")
    is_verified: bool | None = Field(None, alias="isVerified")
    location_id: Maybe = Field(None, alias="locationId")
    link: Maybe = None
    email: Maybe = Field(None, alias="referralEmail")
    consumer: _Consumer | None = None
    tags: list[_Tag] | None = None


class _Event(Sent):
    name: str = Field(alias="eventName")
    data: JsonValue = Field(alias="eventData")

    @property
    def kind(self) -> str | None:
        """created, updated or deleted; None for what is no review, such as replies."""
        match = _EVENT.fullmatch(self.name)
        return match[1] if match else None


class _Body(Sent):
    events: list[_Event] = Field(max_length=500)


class _Listed(Sent):
    reviews: list[_Review]


class Trustpilot(PushComplete, PushHint, Poll, Replies):
    """Since nothing is signed, reviews with one or two stars and deletions are looked up before they are believed, if
    there are credentials for it."""

    name: ClassVar[str] = "trustpilot"
    title: ClassVar[str] = "Trustpilot"
    capabilities: ClassVar[Capabilities] = Capabilities(reply=True, poll=True, deletions=True)
    settings: ClassVar[type[Model]] = TrustpilotSettings
    secrets: ClassVar[type[Model]] = TrustpilotSecrets
    every: ClassVar[timedelta] = timedelta(days=1)
    setup: ClassVar[Sequence[str]] = (
        "In Trustpilot Business, open Integrations, Developers, Webhooks, and add `{url}` for new, updated and deleted "
        "reviews.",
        "Keep this address to yourself: Trustpilot signs nothing.",
        "For replies and e-mail addresses, enter the business unit and the API key with its secret.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        return known_by_address()

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        items = []
        for kind, review in _reviews(received):
            if not _looks_up(kind, review, connection):
                with readable():
                    items.append(_told(kind, review, received.at))
        return items

    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        return [
            Hint(reference=review.id, removed=kind == "deleted")
            for kind, review in _reviews(received)
            if _looks_up(kind, review, connection)
        ]

    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        token = await _token(connection, platform)
        answer = await asked(platform, "GET", f"{API}/reviews/{quoted(hint.reference)}", token=token)
        if answer.status in {404, 410}:
            return [gone(hint.reference, platform.now(), channel="trustpilot")] if hint.removed else []
        review = read_answer(_Review, answer)
        with readable():
            return [_told("created", review, platform.now())]

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """`cursor`: `since` when it was last read to the end, `began` and `page` while it is being read."""
        if not _has_access(connection):
            return Polled([], dict(cursor))
        page, began = int(cursor.get("page", 1)), str(cursor.get("began", now.isoformat()))
        params = {"perPage": str(_PAGE), "page": str(page), "orderBy": "createdat.desc"}
        if since := cursor.get("since"):
            params["startDateTime"] = (datetime.fromisoformat(since) - _OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
        token = await _token(connection, platform)
        url = f"{API}/business-units/{connection.settings.business_unit_id}/reviews"
        listed = read_answer(_Listed, await asked(platform, "GET", url, token=token, params=params))
        with readable():
            items = [_told("created", review, now) for review in listed.reviews]
        if len(listed.reviews) < _PAGE:
            return Polled(items, {"since": began})
        return Polled(items, {**cursor, "began": began, "page": page + 1}, more=True)

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        token = await _token(connection, platform)
        url = f"{API}/reviews/{quoted(external_id)}/reply"
        check_taken(await asked(platform, "POST", url, token=token, json={"message": text}))
        return Posted()


def _reviews(received: Received) -> Sequence[tuple[str, _Review]]:
    with readable():
        return [
            (event.kind, _Review.model_validate(event.data))
            for event in read(_Body, received.body).events
            if event.kind
        ]


def _looks_up(kind: str, review: _Review, connection: Connection) -> bool:
    if not _has_access(connection):
        return False
    stars = rating(review.stars)
    return kind == "deleted" or (stars is not None and stars.value <= _ALARMING)


def _has_access(connection: Connection) -> bool:
    secrets = connection.secrets
    return bool(secrets.api_key and secrets.api_secret and connection.settings.business_unit_id)


async def _token(connection: Connection, platform: Platform) -> str:
    if not _has_access(connection):
        raise AccessDenied("enter the business unit, the API key and its secret")
    client = (connection.secrets.api_key, connection.secrets.api_secret)
    return await TOKENS.token(platform, TOKEN_URL, {"grant_type": "client_credentials"}, client=client)


def _told(kind: str, review: _Review, at: datetime) -> FeedbackItem:
    if kind == "deleted":
        return gone(review.id, at, channel="trustpilot")
    written = review.updated_at or review.created_at
    consumer = review.consumer or _Consumer()
    edited = kind == "updated" or bool(review.updated_at)
    # Webhook and API name some fields differently, and only the API knows the e-mail address: that is a new version.
    content = [review.stars, review.title, review.text, review.reference_id, review.email]
    return FeedbackItem(
        external_id=review.id,
        external_version=version_of(content),
        op="update" if edited else "create",
        occurred_at=written.at if written else at,
        time_confidence=written.confidence if written else "assumed",
        kind="review",
        channel="trustpilot",
        rating=rating(review.stars),
        title=review.title,
        text=review.text,
        language=review.language,
        author=Author(name=consumer.name or consumer.display_name, email=review.email, handle=consumer.id),
        order_ref=review.reference_id,
        location_ref=review.location_id,
        url=review.link or f"https://www.trustpilot.com/reviews/{review.id}",
        verified=review.is_verified,
        dimensions={tag.group: tag.value for tag in review.tags or () if tag.group and tag.value},
    )
