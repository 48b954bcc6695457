"""Google Business Profile: notifications by Pub/Sub push, reviews and replies by its API.

https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews,
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Platform,
    PlatformAnswer,
    Poll,
    Polled,
    Posted,
    PushHint,
    Received,
    Rejected,
    Replies,
    ReplyRefused,
    Secret,
    Unreadable,
    Verified,
)
from services.survey.adapters.calling import ONE_TURN, TOKENS, asked, check_taken, going_on, page_of, read_answer
from services.survey.adapters.jwks import SenderKeys
from services.survey.adapters.reading import Maybe, Sent, json_of, read, version_at
from services.survey.adapters.reviews import Moment, gone, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, Hint, Item
from shared.http.schemas import Model

API: Final = "https://mybusiness.googleapis.com/v4"
LOCATIONS_API: Final = "https://mybusinessbusinessinformation.googleapis.com/v1"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"
KEYS: Final = SenderKeys("https://www.googleapis.com/oauth2/v3/certs")
_ISSUERS: Final = {"https://accounts.google.com", "accounts.google.com"}
_REVIEW: Final = re.compile(r"accounts/[\w-]+/(locations/[\w-]+/reviews/[\w-]+)")
_STARS: Final = {"ONE": "1", "TWO": "2", "THREE": "3", "FOUR": "4", "FIVE": "5"}
_PAGE: Final = 50
_MOST_LOCATIONS: Final = 1_000
# Google puts its translation next to what was written, in one of two orders.
_ORIGINAL: Final = "\n\n(Original)\n"
_TRANSLATED: Final = "\n\n(Translated by Google)"

Location = Annotated[str, Field(pattern=r"^locations/[0-9]+$")]


class GoogleBusinessSettings(Model):
    """The account, and how Pub/Sub presents itself."""

    account: str = Field(
        pattern=r"^accounts/[0-9]+$", description="The Business Profile account, such as `accounts/1234567890`."
    )
    locations: list[Location] = Field(
        default_factory=list,
        max_length=1_000,
        description="Such as `locations/987`; empty: all locations of the account.",
    )
    push_service_account: str | None = Field(
        None,
        max_length=320,
        description="The service account that you chose in the push subscription under `Enable authentication`.",
    )
    audience: str | None = Field(
        None, max_length=2_000, description="The subscription's `Audience`, if you entered one; else leave it empty."
    )


class GoogleBusinessSecrets(Model):
    """An OAuth client of your Google Cloud project, and a refresh token with the scope `business.manage`."""

    client_id: Secret = Field(description="Google Cloud console, APIs & Services, Credentials: the OAuth client's id.")
    client_secret: Secret = Field(description="The same OAuth client's secret.")
    refresh_token: Secret = Field(
        description="Of somebody who manages the profile, for the scope "
        "`https://www.googleapis.com/auth/business.manage`."
    )


class _Message(Sent):
    data: str = ""
    message_id: Maybe = Field(None, alias="messageId")
    published: Moment | None = Field(None, alias="publishTime")


class _Pushed(Sent):
    message: _Message


class _Reviewer(Sent):
    name: Maybe = Field(None, alias="displayName")
    anonymous: bool = Field(False, alias="isAnonymous")


class _Reply(Sent):
    state: Maybe = Field(None, alias="reviewReplyState")
    violation: Maybe = Field(None, alias="policyViolation")


class _Review(Sent):
    name: str
    reviewer: _Reviewer | None = None
    stars: Maybe = Field(None, alias="starRating")
    comment: Maybe = None
    created: Moment = Field(alias="createTime")
    updated: Moment | None = Field(None, alias="updateTime")
    reply: _Reply | None = Field(None, alias="reviewReply")


class _Reviews(Sent):
    reviews: list[_Review] = Field(default_factory=list)
    total: int | None = Field(None, alias="totalReviewCount")
    next_page: Maybe = Field(None, alias="nextPageToken")


class _Named(Sent):
    name: Location


class _Locations(Sent):
    locations: list[_Named] = Field(default_factory=list)
    next_page: Maybe = Field(None, alias="nextPageToken")


class GoogleBusiness(PushHint, Poll, Replies):
    """A notification names a review, and the review is fetched. Each night all are listed, since notifications get
    lost, and none tells of a review that was taken away."""

    name: ClassVar[str] = "google_business"
    title: ClassVar[str] = "Google Business Profile"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply=True, reply_limit=4_096, reply_edits=True, poll=True, deletions=True
    )
    settings: ClassVar[type[Model]] = GoogleBusinessSettings
    secrets: ClassVar[type[Model]] = GoogleBusinessSecrets
    every: ClassVar[timedelta] = timedelta(days=1)
    setup: ClassVar[Sequence[str]] = (
        "In Google Cloud, create a Pub/Sub topic and let `mybusiness-api-pubsub@system.gserviceaccount.com` publish to "
        "it.",
        "Add a push subscription with the address `{url}`, switch `Enable authentication` on, and choose a service "
        "account.",
        "Enter this service account here, and the audience if you chose another one than the address.",
        "Create an OAuth client, and a refresh token for somebody who manages the profile.",
        "Set the account's notification setting (My Business Notifications API) to the topic, for new and updated "
        "reviews. Google allows one topic for each account.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        """The token says who pushes, and to whom; it does not cover the body, which therefore is only a hint."""
        scheme, _, token = (received.header("authorization") or "").partition(" ")
        if not token:
            raise Rejected("missing_signature")
        if scheme.lower() != "bearer":
            raise Rejected("malformed_signature")
        claims = KEYS.claims(token, received.at)
        expected = connection.settings.push_service_account
        if claims.get("iss") not in _ISSUERS or not expected:
            raise Rejected("wrong_signature")
        if claims.get("email") != expected or claims.get("email_verified") is not True:
            raise Rejected("wrong_signature")
        if claims.get("aud") != (connection.settings.audience or connection.url):
            raise Rejected("wrong_audience")
        return Verified(scheme="google-jwt", delivery_id=_message_id(received.body))

    async def prepare(self, platform: Platform, connection: Connection) -> None:
        await KEYS.fetch(platform)

    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        """None for what is not about a review: questions, photos, and the test of a new topic."""
        message = read(_Pushed, received.body).message
        try:
            data = base64.b64decode(message.data, validate=True)
        except (ValueError, binascii.Error):
            raise Unreadable("message/data: not in base64.") from None
        name = next((match[1] for text in _texts(json_of(data)) if (match := _REVIEW.fullmatch(text))), None)
        if name is None:
            return []
        with readable():
            at = message.published.at if message.published else None
            return [Hint(reference=f"{connection.settings.account}/{name}", occurred_at=at)]

    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        if not _REVIEW.fullmatch(hint.reference):
            return []
        answer = await _asked(connection, platform, "GET", f"{API}/{hint.reference}")
        if answer.status == 404:
            return [gone(hint.reference, platform.now(), channel="google_business")]
        return [_item(read_answer(_Review, answer), connection)]

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """One location, in one turn if it can be. `cursor`: `left`, the locations that are still to come tonight, and
        the page of the first one of them. The list is whole if Google's own count agrees, so that an answer that came
        out short takes nothing away."""
        left = list(cursor.get("left") or await _locations(connection, platform))
        if not left:
            return Polled([], {})
        page, place = page_of(cursor, now), f"{connection.settings.account}/{left[0]}/"
        found, last = await _listed(f"{API}/{place}reviews", page, connection, platform)
        items = [_item(review, connection) for review in found]
        if last.next_page is not None:
            return Polled(items, {"left": left, **going_on(last.next_page, now)}, more=True)
        is_whole = page is None and last.total == len(items)
        return Polled(items, {"left": left[1:]}, more=len(left) > 1, whole=place if is_whole else None)

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        answer = await _asked(
            connection, platform, "PUT", f"{API}/{_checked(external_id)}/reply", json={"comment": text}
        )
        check_taken(answer)
        return _posted(read_answer(_Reply, answer))

    async def reply_state(self, external_id: str, connection: Connection, platform: Platform) -> Posted:
        answer = await _asked(connection, platform, "GET", f"{API}/{_checked(external_id)}")
        check_taken(answer)
        reply = read_answer(_Review, answer).reply
        if reply is None:
            raise ReplyRefused("Google shows no reply to this review any more")
        return _posted(reply)


async def _asked(
    connection: Connection,
    platform: Platform,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
) -> PlatformAnswer:
    secrets: GoogleBusinessSecrets = connection.secrets
    grant = {
        "grant_type": "refresh_token",
        "client_id": secrets.client_id,
        "client_secret": secrets.client_secret,
        "refresh_token": secrets.refresh_token,
    }
    token = await TOKENS.token(platform, TOKEN_URL, grant)
    return await asked(platform, method, url, token=token, params=params, json=json)


async def _locations(connection: Connection, platform: Platform) -> list[str]:
    """Those of the settings, or all that the account has."""
    settings: GoogleBusinessSettings = connection.settings
    if settings.locations:
        return settings.locations
    found: list[str] = []
    params = {"readMask": "name", "pageSize": "100"}
    while True:
        answer = await _asked(
            connection, platform, "GET", f"{LOCATIONS_API}/{settings.account}/locations", params=params
        )
        page = read_answer(_Locations, answer)
        found += [location.name for location in page.locations]
        if page.next_page is None or len(found) >= _MOST_LOCATIONS:
            return found
        params["pageToken"] = page.next_page


async def _listed(
    url: str, page_token: str | None, connection: Connection, platform: Platform
) -> tuple[list[_Review], _Reviews]:
    """The reviews of a location, the newest first, as far as one turn goes; and the last page of them."""
    found: dict[str, _Review] = {}
    params = {"pageSize": str(_PAGE), "orderBy": "updateTime desc"}
    until = platform.now() + ONE_TURN
    while True:
        turned = params | ({"pageToken": page_token} if page_token else {})
        page = read_answer(_Reviews, await _asked(connection, platform, "GET", url, params=turned))
        found |= {review.name: review for review in page.reviews}
        page_token = page.next_page
        if page_token is None or platform.now() >= until:
            return list(found.values()), page


def _item(review: _Review, connection: Connection) -> FeedbackItem:
    match = _REVIEW.fullmatch(review.name)
    if match is None:
        raise Unreadable("name: not the name of a review.")
    written = review.updated or review.created
    reviewer = review.reviewer or _Reviewer()
    with readable():
        return FeedbackItem(
            # One account may be spelt in two ways, by its number or as `-`.
            external_id=f"{connection.settings.account}/{match[1]}",
            external_version=version_at(written.at),
            op="update" if written.at > review.created.at else "create",
            occurred_at=written.at,
            time_confidence=written.confidence,
            kind="review" if review.comment else "rating",
            channel="google_business",
            rating=rating(_STARS.get(review.stars or "")),
            text=_as_written(review.comment),
            author=Author(name=None if reviewer.anonymous else reviewer.name, anonymous=reviewer.anonymous),
            location_ref=match[1].rpartition("/reviews/")[0],
        )


def _as_written(comment: str | None) -> str | None:
    """Without Google's translation."""
    if comment is None:
        return None
    if _ORIGINAL in comment:
        return comment.rpartition(_ORIGINAL)[2]
    return comment.partition(_TRANSLATED)[0]


def _posted(reply: _Reply) -> Posted:
    if reply.state == "REJECTED":
        raise ReplyRefused(f"Google's policy: {reply.violation or 'no reason given'}")
    return Posted(state="pending" if reply.state == "PENDING" else "posted")


def _checked(external_id: str) -> str:
    if not _REVIEW.fullmatch(external_id):
        raise Unreadable("not the name of a review")
    return external_id


def _message_id(body: bytes) -> str | None:
    try:
        return read(_Pushed, body).message.message_id
    except Unreadable:
        return None


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value: the name's own name is spelt in several ways (`review`, `reviewName`,
    `review_name`)."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
