"""Facebook: recommendations of a page. A push says that something changed; the page's list says what.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started (signature and handshake),
https://developers.facebook.com/docs/graph-api/reference/page/ratings. What the `ratings` push holds is documented
nowhere for certain, so nothing is taken from it but the name of the story.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, JsonValue

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Handshake,
    LiveSecrets,
    Platform,
    PlatformAnswer,
    PlatformBusy,
    Poll,
    Polled,
    Posted,
    PushHint,
    Received,
    Rejected,
    Replies,
    Secret,
    Unreadable,
    Verified,
)
from services.survey.adapters.calling import ONE_TURN, check_taken, going_on, page_of, quoted, read_answer, refusal
from services.survey.adapters.reading import Maybe, Sent, read
from services.survey.adapters.reviews import Moment, asked_for, gone, rating, readable
from services.survey.adapters.signatures import check_hmac, check_shared_secret
from services.survey.hearing.canonical import Author, FeedbackItem, Hint, Item, ItemRating, version_of
from shared.http.schemas import Model

API: Final = "https://graph.facebook.com/v25.0"
_FIELDS: Final = (
    "created_time,has_rating,has_review,open_graph_story{id},rating,recommendation_type,review_text,reviewer{id,name}"
)
_PREFIX: Final = "sha256="
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_STORY: Final = re.compile(r"[0-9]+(_[0-9]+)?")
_PAGE: Final = 100
# Graph API error codes: the token (102, 190), permissions (3, 10, 200..299), limits (4, 17, 32, 613), no such object.
_DENIED: Final = {3, 10, 102, 190, *range(200, 300)}
_LIMITED: Final = {4, 17, 32, 613}
_ABSENT: Final = {100, 803}
_WAIT: Final = timedelta(hours=1)


class FacebookSettings(Model):
    """One source is one page."""

    page_id: str = Field(pattern="^[0-9]{1,30}$", description="Facebook: the page, About, Page transparency, Page ID.")


class FacebookSecrets(Model):
    """Of your app at developers.facebook.com, and of the page."""

    app_secrets: LiveSecrets = Field(description="App settings, Basic, App secret.")
    verify_token: Secret = Field(
        description="Any long random word; enter the same one under Webhooks, Page, as `Verify token`."
    )
    page_access_token: Secret = Field(
        description="A page token that does not expire, with `pages_read_user_content`, and `pages_manage_engagement` "
        "for replies."
    )


class _Change(Sent):
    field: str
    value: JsonValue = None


class _Entry(Sent):
    id: str
    time: float | None = None
    changes: list[_Change] = Field(default_factory=list)


class _Pushed(Sent):
    object: str
    entry: list[_Entry] = Field(default_factory=list, max_length=1_000)


class _Value(Sent):
    story: Maybe = Field(None, alias="open_graph_story_id")
    verb: Maybe = None


class _Named(Sent):
    id: Maybe = None
    name: Maybe = None


class _Rating(Sent):
    created: Moment = Field(alias="created_time")
    stars: Maybe = Field(None, alias="rating")
    recommends: Literal["positive", "negative"] | None = Field(None, alias="recommendation_type")
    text: Maybe = Field(None, alias="review_text")
    reviewer: _Named | None = None
    story: _Named | None = Field(None, alias="open_graph_story")


class _Cursors(Sent):
    after: Maybe = None


class _Paging(Sent):
    cursors: _Cursors | None = None
    next: Maybe = None


class _Ratings(Sent):
    data: list[_Rating]
    paging: _Paging | None = None

    @property
    def following(self) -> str | None:
        """Where the next page begins, if there is one."""
        return self.paging.cursors.after if self.paging and self.paging.cursors and self.paging.next else None


class _Error(Sent):
    code: int


class _Refusal(Sent):
    error: _Error


class Facebook(PushHint, Poll, Replies):
    """Recommended or not: a feeling, and no stars. Pages rated before 2018 may still have some with stars."""

    name: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook recommendations"
    capabilities: ClassVar[Capabilities] = Capabilities(reply=True, poll=True, deletions=True)
    settings: ClassVar[type[Model]] = FacebookSettings
    secrets: ClassVar[type[Model]] = FacebookSecrets
    every: ClassVar[timedelta] = timedelta(days=1)
    setup: ClassVar[Sequence[str]] = (
        "At developers.facebook.com, open your app, Webhooks, Page, and subscribe with `{url}` and your verify token.",
        "Subscribe to the field `ratings`, and install the app on the page (Graph API, `subscribed_apps` of the page).",
        "Enter the app's secret and a page token that does not expire.",
    )

    def verify(self, received: Received, connection: Connection) -> Verified:
        """HMAC-SHA256 of the body under the app's secret."""
        signature = received.header("x-hub-signature-256")
        if signature is not None and not signature.startswith(_PREFIX):
            raise Rejected("malformed_signature")
        check_hmac(
            signature and signature.removeprefix(_PREFIX),
            received.body,
            connection.secrets.app_secrets,
            algorithm="sha256",
            encoding="hex",
        )
        return Verified(scheme="hmac-sha256-hex")

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        """`hub.challenge` is given back to whoever knows the verify token."""
        if received.method != "GET" or asked_for(received, "hub.mode") != "subscribe":
            return None
        check_shared_secret(asked_for(received, "hub.verify_token"), [connection.secrets.verify_token])
        challenge = asked_for(received, "hub.challenge")
        if challenge is None or not _CHALLENGE.fullmatch(challenge):
            raise Rejected("malformed_signature")
        return Handshake(challenge)

    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        pushed = read(_Pushed, received.body)
        with readable():
            return [
                _hint(entry, change)
                for entry in pushed.entry
                for change in entry.changes
                if pushed.object == "page" and entry.id == connection.settings.page_id and change.field == "ratings"
            ]

    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        """The newest of the page; and whether one that was taken away really is not there."""
        if hint.removed and _STORY.fullmatch(hint.reference):
            answer = await _asked(platform, connection, "GET", hint.reference, params={"fields": "id"})
            return [] if answer.status == 200 else [gone(hint.reference, platform.now(), channel="facebook")]
        page = await _page(connection, platform, after=None)
        return [_item(each) for each in page.data]

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """All of them, each night: Facebook neither sorts them by their edits, nor tells of all that it removes."""
        first = after = page_of(cursor, now)
        found: dict[str, FeedbackItem] = {}
        until = platform.now() + ONE_TURN
        while True:
            page = await _page(connection, platform, after)
            found |= {item.external_id: item for item in map(_item, page.data)}
            after = page.following
            if after is None or platform.now() >= until:
                break
        items = list(found.values())
        if after is not None:
            return Polled(items, going_on(after, now), more=True)
        # Without the permission Facebook shows an empty list rather than an error: that takes nothing away.
        return Polled(items, {}, whole="" if items and first is None else None)

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        """A comment of the page below the recommendation; another one each time."""
        answer = await _asked(platform, connection, "POST", f"{quoted(external_id)}/comments", json={"message": text})
        check_taken(answer)
        return Posted(reference=read_answer(_Named, answer).id)


def _hint(entry: _Entry, change: _Change) -> Hint:
    value = _Value.model_validate(change.value if isinstance(change.value, dict) else {})
    at = datetime.fromtimestamp(entry.time, UTC) if entry.time and 0 < entry.time < 10**10 else None
    return Hint(reference=value.story or entry.id, occurred_at=at, removed=value.verb == "remove")


async def _page(connection: Connection, platform: Platform, after: str | None) -> _Ratings:
    params = {"fields": _FIELDS, "limit": str(_PAGE)} | ({"after": after} if after else {})
    return read_answer(
        _Ratings, await _asked(platform, connection, "GET", f"{connection.settings.page_id}/ratings", params=params)
    )


async def _asked(
    platform: Platform,
    connection: Connection,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
) -> PlatformAnswer:
    """Answers and refusals, but for those of the token and of limits, which Graph hides behind a 400."""
    headers = {"Authorization": f"Bearer {connection.secrets.page_access_token}"}
    answer = await platform.request(method, f"{API}/{path}", headers=headers, params=params, json=json)
    if answer.status < 400:
        return answer
    code = read(_Refusal, answer.body).error.code
    if code in _LIMITED:
        raise PlatformBusy(platform.now() + _WAIT)
    if code in _DENIED:
        raise AccessDenied(refusal(answer))
    if method == "GET" and code not in _ABSENT:
        raise Unreadable(f"Facebook answered: {refusal(answer)}")
    return answer


def _item(review: _Rating) -> FeedbackItem:
    reviewer, story = review.reviewer or _Named(), review.story or _Named()
    with readable():
        return FeedbackItem(
            external_id=story.id or f"{reviewer.id}@{review.created.at.isoformat()}",
            external_version=version_of([review.recommends, review.stars, review.text]),
            occurred_at=review.created.at,
            time_confidence=review.created.confidence,
            kind="review" if review.text else "rating",
            channel="facebook",
            rating=_feeling(review.recommends) if review.recommends else rating(review.stars),
            text=review.text,
            author=Author(name=reviewer.name, handle=reviewer.id),
            url=f"https://www.facebook.com/{story.id}" if story.id else None,
        )


def _feeling(recommends: str) -> ItemRating:
    value = Decimal(recommends == "positive")
    return ItemRating(raw=recommends, value=value, minimum=Decimal(0), maximum=Decimal(1), kind="binary")
