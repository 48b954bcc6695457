"""Yelp: a push tells the stars of a review, never its words; only Yelp's partners get pushes.

https://docs.developer.yelp.com/docs/reviews-webhooks-v2. Nothing is signed; the address is the secret. Yelp's terms
allow no storing of texts, so a review here is its stars, its time and its link.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, Final

from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Handshake,
    Platform,
    PushHint,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.calling import asked, quoted, read_answer
from services.survey.adapters.reading import Maybe, Sent, read
from services.survey.adapters.reviews import Moment, asked_for, gone, known_by_address, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, Hint, Item, version_of
from shared.http.schemas import Model

API: Final = "https://api.yelp.com/v3"
_VERIFICATION: Final = re.compile(r"[A-Za-z0-9_.=-]{1,200}")
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,100}")
_REVIEWS: Final = {"NEW_REVIEW_EVENT": False, "REVIEW_EDITED_EVENT": False, "REVIEW_REMOVED_EVENT": True}


class YelpSettings(Model):
    """Of which businesses pushes are taken."""

    business_ids: list[str] = Field(
        default_factory=list,
        max_length=1_000,
        description="Yelp's ids of your businesses; empty: all that Yelp pushes to this address.",
    )


class YelpSecrets(Model):
    """For looking up the stars of an edited review."""

    api_key: str | None = Field(None, max_length=1_000, description="Yelp for developers, Manage app, API Key.")


class _Update(Sent):
    event: str = Field(alias="event_type")
    review_id: Maybe = None
    rating: Maybe = None


class _Data(Sent):
    id: str
    updates: list[_Update] = Field(default_factory=list, max_length=500)


class _Pushed(Sent):
    time: Moment | None = None
    object: str
    data: _Data


class _Shown(Sent):
    id: str
    rating: Maybe = None
    url: Maybe = None


class _Reviews(Sent):
    reviews: list[_Shown] = Field(default_factory=list)


class Yelp(PushHint):
    """New, edited and removed reviews. What a push does not tell is looked up, if there is an API key."""

    name: ClassVar[str] = "yelp"
    title: ClassVar[str] = "Yelp"
    capabilities: ClassVar[Capabilities] = Capabilities(text=False, deletions=True)
    settings: ClassVar[type[Model]] = YelpSettings
    secrets: ClassVar[type[Model]] = YelpSecrets
    setup: ClassVar[Sequence[str]] = (
        "Yelp pushes to its partners only: give `{url}` to your contact there.",
        "Yelp checks the address once, by itself; then ask for your businesses to be subscribed.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        return known_by_address()

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        """Yelp asks once with `?verification=`, and wants to see the same word in JSON."""
        word = asked_for(received, "verification")
        if received.method != "GET" or word is None:
            return None
        if not _VERIFICATION.fullmatch(word):
            raise Rejected("malformed_signature")
        return Handshake(f'{{"verification":"{word}"}}', "application/json")

    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        """Named by the business, the review and its stars, if it told them. Leads and other events are none."""
        pushed = read(_Pushed, received.body)
        wanted = connection.settings.business_ids
        if pushed.object != "business" or (wanted and pushed.data.id not in wanted):
            return []
        with readable():
            return [
                Hint(
                    reference="/".join(_names(pushed.data.id, update)),
                    occurred_at=pushed.time.at if pushed.time else None,
                    removed=_REVIEWS[update.event],
                )
                for update in pushed.data.updates
                if update.event in _REVIEWS
            ]

    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        """Yelp shows but a few of the reviews: one that is not among them is as its push said, or unknown."""
        business, review_id, pushed = hint.reference.split("/")
        if hint.removed:
            return [gone(review_id, hint.occurred_at or platform.now(), channel="yelp")]
        shown = await _shown(business, review_id, connection, platform) or _Shown(id=review_id, rating=pushed)
        stars = rating(shown.rating)
        if stars is None:
            return []
        with readable():
            return [
                FeedbackItem(
                    external_id=review_id,
                    external_version=version_of(str(stars.value.normalize())),
                    occurred_at=hint.occurred_at or platform.now(),
                    time_confidence="assumed",
                    kind="rating",
                    channel="yelp",
                    rating=stars,
                    author=Author(anonymous=True),
                    location_ref=business,
                    url=shown.url or f"https://www.yelp.com/biz/{business}?hrid={review_id}",
                )
            ]


def _names(business: str, update: _Update) -> tuple[str, str, str]:
    review_id = update.review_id or ""
    if not _NAME.fullmatch(business) or not _NAME.fullmatch(review_id):
        raise Unreadable("data: not the ids of a business and a review.")
    stars = rating(update.rating)
    return business, review_id, str(stars.value) if stars else ""


async def _shown(business: str, review_id: str, connection: Connection, platform: Platform) -> _Shown | None:
    if not connection.secrets.api_key:
        return None
    url = f"{API}/businesses/{quoted(business)}/reviews"
    answer = await asked(platform, "GET", url, token=connection.secrets.api_key, params={"sort_by": "newest"})
    if answer.status == 404:
        return None
    return next((each for each in read_answer(_Reviews, answer).reviews if each.id == review_id), None)
