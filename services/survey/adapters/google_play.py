"""Google Play: reviews of an app, asked for in turns, and replies.

https://developers.google.com/android-publisher/reply-to-reviews. Only reviews with words are told, only of the
production release, and only for a week after they were written or changed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import Field

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Platform,
    Poll,
    Polled,
    Posted,
    Replies,
    Secret,
    Unreadable,
)
from services.survey.adapters.calling import TOKENS, asked, check_taken, going_on, page_of, quoted, read_answer
from services.survey.adapters.reading import Maybe, Sent, read, version_at
from services.survey.adapters.reviews import rating, readable
from services.survey.hearing.canonical import Author, FeedbackItem
from shared.http.schemas import Model

API: Final = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"
_SCOPE: Final = "https://www.googleapis.com/auth/androidpublisher"
_PAGE: Final = 100
_LATEST: Final = 253_402_300_799  # the end of the year 9999


class GooglePlaySettings(Model):
    """One source is one app."""

    package_name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$",
        max_length=200,
        description="The app's package name, such as `com.example.shop`.",
    )


class GooglePlaySecrets(Model):
    """A service account that was invited to the Play Console with `Reply to reviews`."""

    service_account: Secret = Field(
        description="The JSON key of the service account, whole (Google Cloud console: IAM, Service accounts, Keys)."
    )


class _Account(Sent):
    client_email: str
    private_key: str


class _Time(Sent):
    seconds: int = Field(ge=0, le=_LATEST)
    nanos: int = Field(0, ge=0, lt=1_000_000_000)

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC) + timedelta(microseconds=self.nanos // 1_000)


class _UserComment(Sent):
    text: Maybe = None
    modified: _Time = Field(alias="lastModified")
    stars: Maybe = Field(None, alias="starRating")
    language: Maybe = Field(None, alias="reviewerLanguage")
    app_version: Maybe = Field(None, alias="appVersionName")
    device: Maybe = None


class _Comment(Sent):
    user: _UserComment | None = Field(None, alias="userComment")


class _Review(Sent):
    id: str = Field(alias="reviewId")
    author: Maybe = Field(None, alias="authorName")
    comments: list[_Comment] = Field(default_factory=list)


class _Pages(Sent):
    next: Maybe = Field(None, alias="nextPageToken")


class _Reviews(Sent):
    reviews: list[_Review] = Field(default_factory=list)
    pages: _Pages | None = Field(None, alias="tokenPagination")


class GooglePlay(Poll, Replies):
    """Each hour the last week: what is missed for a week is missed for good."""

    name: ClassVar[str] = "google_play"
    title: ClassVar[str] = "Google Play"
    capabilities: ClassVar[Capabilities] = Capabilities(
        reply=True, reply_limit=350, reply_edits=True, push=False, poll=True, look_back=timedelta(days=7)
    )
    settings: ClassVar[type[Model]] = GooglePlaySettings
    secrets: ClassVar[type[Model]] = GooglePlaySecrets
    every: ClassVar[timedelta] = timedelta(hours=1)
    setup: ClassVar[Sequence[str]] = (
        "In Google Cloud, switch the Google Play Android Developer API on, and create a service account with a key.",
        "In the Play Console, invite its address under Users and permissions, with `Reply to reviews`.",
        "Enter the JSON key and the package name.",
    )

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        page = page_of(cursor, now)
        params = {"maxResults": str(_PAGE)} | ({"token": page} if page else {})
        url = f"{API}/{connection.settings.package_name}/reviews"
        token = await _token(connection, platform)
        listed = read_answer(_Reviews, await asked(platform, "GET", url, token=token, params=params))
        items = [item for review in listed.reviews if (item := _item(review))]
        following = listed.pages.next if listed.pages else None
        return Polled(items, going_on(following, now) if following else {}, more=following is not None)

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        """A second one replaces the first."""
        url = f"{API}/{connection.settings.package_name}/reviews/{quoted(external_id)}:reply"
        token = await _token(connection, platform)
        check_taken(await asked(platform, "POST", url, token=token, json={"replyText": text}))
        return Posted()


async def _token(connection: Connection, platform: Platform) -> str:
    """https://developers.google.com/identity/protocols/oauth2/service-account; the assertion is that of RFC 7523."""
    now = platform.now()
    try:
        account = read(_Account, connection.secrets.service_account.encode())
        claims = {
            "iss": account.client_email,
            "scope": _SCOPE,
            "aud": TOKEN_URL,
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        }
        assertion = jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, RSAKey.import_key(account.private_key))
    except (Unreadable, JoseError, ValueError, TypeError):
        raise AccessDenied("the service account's key is not the JSON file that Google made") from None
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return await TOKENS.token(platform, TOKEN_URL, grant, whose=[account.client_email, account.private_key])


def _item(review: _Review) -> FeedbackItem | None:
    """None for one without a comment of its user."""
    said = next((comment.user for comment in review.comments if comment.user), None)
    if said is None:
        return None
    # Android once had titles; where there is one it stands before a tab.
    title, _, text = (said.text or "").rpartition("\t")
    facts = {"app_version": said.app_version, "device": said.device}
    with readable():
        return FeedbackItem(
            external_id=review.id,
            external_version=version_at(said.modified.moment),
            occurred_at=said.modified.moment,
            kind="review",
            channel="google_play",
            rating=rating(said.stars),
            title=title.strip() or None,
            text=text.strip() or None,
            language=said.language,
            author=Author(name=review.author),
            dimensions={name: value for name, value in facts.items() if value},
        )
