"""App Store Connect: reviews of an app, asked for in turns, and replies.

https://developer.apple.com/documentation/appstoreconnectapi/customer-reviews (JSON:API). There is no push. An edit
replaces the text under the same id, with no time of its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import Field

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Platform,
    PlatformAnswer,
    Poll,
    Polled,
    Posted,
    Replies,
    ReplyRefused,
    Secret,
    Unreadable,
)
from services.survey.adapters.calling import ONE_TURN, asked, check_taken, going_on, page_of, quoted, read_answer
from services.survey.adapters.reading import Maybe, Sent
from services.survey.adapters.reviews import Moment, rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem, version_of
from shared.http.schemas import Model

API: Final = "https://api.appstoreconnect.apple.com"
_PAGE: Final = 200
_WHOLE_EVERY: Final = timedelta(days=1)
# Apple takes at most 20 minutes.
_TOKEN_LIFETIME: Final = timedelta(minutes=15)


class AppStoreSettings(Model):
    """One source is one app."""

    app_id: str = Field(pattern="^[0-9]{1,20}$", description="App Store Connect: the app, App Information, Apple ID.")


class AppStoreSecrets(Model):
    """A key of the App Store Connect API with the role Customer Support, or Admin."""

    issuer_id: Secret = Field(description="App Store Connect: Users and Access, Integrations, Issuer ID.")
    key_id: Secret = Field(description="The Key ID that is shown next to the key.")
    private_key: Secret = Field(description="The content of the `.p8` file; Apple lets you download it once.")


class _Attributes(Sent):
    rating: str
    title: Maybe = None
    body: Maybe = None
    nickname: Maybe = Field(None, alias="reviewerNickname")
    created: Moment = Field(alias="createdDate")
    territory: Maybe = None


class _Review(Sent):
    id: str
    attributes: _Attributes


class _Links(Sent):
    next: Maybe = None


class _Paging(Sent):
    total: int | None = None


class _Meta(Sent):
    paging: _Paging | None = None


class _Reviews(Sent):
    data: list[_Review]
    links: _Links | None = None
    meta: _Meta | None = None

    @property
    def total(self) -> int | None:
        return self.meta.paging.total if self.meta and self.meta.paging else None

    @property
    def following(self) -> str | None:
        """The path of the next page, if there is one. Raises `Unreadable`."""
        return _path(self.links.next) if self.links and self.links.next else None


class _State(Sent):
    state: Maybe = None


class _Response(Sent):
    id: Maybe = None
    attributes: _State = _State()


class _Answer(Sent):
    data: _Response


class AppStore(Poll, Replies):
    """The newest each hour; all of them once a day, to find edits and what was taken away."""

    name: ClassVar[str] = "app_store"
    title: ClassVar[str] = "App Store"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply=True, reply_limit=5_970, reply_edits=True, push=False, poll=True, deletions=True
    )
    settings: ClassVar[type[Model]] = AppStoreSettings
    secrets: ClassVar[type[Model]] = AppStoreSecrets
    every: ClassVar[timedelta] = timedelta(hours=1)
    setup: ClassVar[Sequence[str]] = (
        "In App Store Connect, open Users and Access, Integrations, and create a key with the role Customer Support.",
        "Enter the issuer, the key's id and the content of the `.p8` file, and the app's Apple ID.",
    )

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """`cursor`: `whole_at`, when all of them were last listed, and the page if that takes more than a turn. The
        list is whole if Apple's own count agrees, so that an answer that came out short takes nothing away."""
        page = page_of(cursor, now)
        whole_at = cursor.get("whole_at")
        is_time = whole_at is None or now - datetime.fromisoformat(whole_at) >= _WHOLE_EVERY
        found, last = await _listed(page, connection, platform, ONE_TURN if is_time else timedelta(0))
        items = [_item(review) for review in found.values()]
        if not is_time:
            return Polled(items, dict(cursor))
        if last.following is not None:
            kept = {"whole_at": whole_at} if whole_at else {}
            return Polled(items, {**kept, **going_on(last.following, now)}, more=True)
        is_whole = page is None and last.total == len(items)
        return Polled(items, {"whole_at": now.isoformat()}, whole="" if is_whole else None)

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        """Apple shows it within a day; a second one replaces the first."""
        review = {"type": "customerReviews", "id": external_id}
        body = {
            "type": "customerReviewResponses",
            "attributes": {"responseBody": text},
            "relationships": {"review": {"data": review}},
        }
        return _posted(await _asked(connection, platform, "POST", "/v1/customerReviewResponses", json={"data": body}))

    async def reply_state(self, external_id: str, connection: Connection, platform: Platform) -> Posted:
        path = f"/v1/customerReviews/{quoted(external_id)}/response"
        answer = await _asked(connection, platform, "GET", path)
        if answer.status == 404:
            raise ReplyRefused("Apple shows no reply to this review any more")
        return _posted(answer)


async def _listed(
    path: str | None, connection: Connection, platform: Platform, turn: timedelta
) -> tuple[dict[str, _Review], _Reviews]:
    """By id, the newest first, as far as the turn goes; and the last page of them."""
    found: dict[str, _Review] = {}
    params: dict[str, str] | None = None
    if path is None:
        path = f"/v1/apps/{connection.settings.app_id}/customerReviews"
        params = {"sort": "-createdDate", "limit": str(_PAGE)}
    until = platform.now() + turn
    while True:
        page = read_answer(_Reviews, await _asked(connection, platform, "GET", path, params=params))
        found |= {review.id: review for review in page.data}
        if page.following is None or platform.now() >= until:
            return found, page
        path, params = page.following, None


def _path(link: str) -> str:
    """The next page is given as a whole address; our token goes nowhere but to Apple."""
    if not link.startswith(f"{API}/v1/"):
        raise Unreadable("links/next: leads away from App Store Connect.")
    return link.removeprefix(API)


async def _asked(
    connection: Connection,
    platform: Platform,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    json: Any = None,
) -> PlatformAnswer:
    token = _token(connection.secrets, platform.now())
    return await asked(platform, method, f"{API}{path}", token=token, params=params, json=json)


def _token(secrets: AppStoreSecrets, now: datetime) -> str:
    """https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests."""
    claims = {
        "iss": secrets.issuer_id,
        "iat": int(now.timestamp()),
        "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        "aud": "appstoreconnect-v1",
    }
    try:
        key = ECKey.import_key(secrets.private_key.strip())
        return jwt.encode({"alg": "ES256", "kid": secrets.key_id, "typ": "JWT"}, claims, key)
    except (JoseError, ValueError, TypeError):
        raise AccessDenied("the private key is not the content of Apple's .p8 file") from None


def _posted(answer: PlatformAnswer) -> Posted:
    check_taken(answer)
    response = read_answer(_Answer, answer).data
    is_pending = response.attributes.state == "PENDING_PUBLISH"
    return Posted(reference=response.id, state="pending" if is_pending else "posted")


def _item(review: _Review) -> FeedbackItem:
    said = review.attributes
    with readable():
        return FeedbackItem(
            external_id=review.id,
            external_version=version_of([said.rating, said.title, said.body]),
            occurred_at=said.created.at,
            time_confidence=said.created.confidence,
            kind="review",
            channel="app_store",
            rating=rating(said.rating),
            title=said.title,
            text=said.body,
            author=Author(name=said.nickname),
            dimensions={"territory": said.territory} if said.territory else {},
        )
