from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.survey.adapters.base import AccessDenied, Connection, ReplyRefused, Unreadable
from services.survey.adapters.calling import TOKENS
from services.survey.adapters.google_play import GooglePlay, GooglePlaySecrets, GooglePlaySettings
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import NOW
from tests.survey.adapters.platforms import Recorded

KEY = RSAKey.generate_key(2048)
LIST = "/androidpublisher/v3/applications/com.example.shop/reviews"
TOKEN = ("POST", "/token", 200, {"access_token": "play", "expires_in": 3599, "token_type": "Bearer"})
REVIEW: dict[str, Any] = {
    "reviewId": "gp:AOqpTOH",
    "authorName": "Sam",
    "comments": [
        {
            "userComment": {
                "text": "Slow\tTakes a minute to open.",
                "lastModified": {"seconds": "1795950000", "nanos": 123456789},
                "starRating": 2,
                "reviewerLanguage": "en",
                "device": "panther",
                "androidOsVersion": 34,
                "appVersionCode": 120,
                "appVersionName": "1.2.0",
                "thumbsUpCount": 3,
            }
        },
        {"developerComment": {"text": "We are on it.", "lastModified": {"seconds": "1795960000"}}},
    ],
}
ADAPTER = GooglePlay()


def connection(key: str = "") -> Connection:
    account = {
        "type": "service_account",
        "client_email": "play@heed-demo.iam.gserviceaccount.com",
        "private_key": KEY.as_pem(private=True).decode(),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return Connection(
        source_id=uuid4(),
        account_id=uuid4(),
        settings=GooglePlaySettings(package_name="com.example.shop"),
        secrets=GooglePlaySecrets(service_account=key or orjson.dumps(account).decode()),
        url="",
    )


@pytest.fixture(autouse=True)
def no_tokens() -> Iterator[None]:
    """Each test asks for its own."""
    yield
    TOKENS.forget("play")


async def test_what_a_review_becomes() -> None:
    platform = Recorded(TOKEN, ("GET", LIST, 200, {"reviews": [REVIEW, {"reviewId": "silent"}]}))
    told = await ADAPTER.poll(connection(), platform, {}, NOW)

    (item,) = told.items
    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.external_id, int(item.rating.value)) == ("gp:AOqpTOH", 2)
    assert (item.title, item.text) == ("Slow", "Takes a minute to open.")
    assert item.occurred_at == datetime.fromtimestamp(1795950000, UTC).replace(microsecond=123456)
    assert item.dimensions == {"app_version": "1.2.0", "device": "panther"}
    # A week is all there is: what is not in it is by no means gone.
    assert told.whole is None


async def test_pages_follow_one_another_with_one_token() -> None:
    following = {"reviews": [REVIEW], "tokenPagination": {"nextPageToken": "p2"}}
    platform = Recorded(TOKEN, ("GET", LIST, 200, following), ("GET", LIST, 200, {}))
    source = connection()
    first = await ADAPTER.poll(source, platform, {}, NOW)
    second = await ADAPTER.poll(source, platform, first.cursor, NOW)

    assert (first.more, second.more, second.cursor) == (True, False, {})
    assert platform.sent[2].params["token"] == "p2"
    assertion = jwt.decode(platform.sent[0].form["assertion"], KEY, algorithms=["RS256"]).claims
    assert assertion["scope"] == "https://www.googleapis.com/auth/androidpublisher"
    assert assertion["exp"] - assertion["iat"] == 3_600


async def test_a_reply_is_posted_or_refused() -> None:
    path = f"{LIST}/gp%3AAOqpTOH:reply"
    platform = Recorded(
        TOKEN,
        ("POST", path, 200, {"result": {"replyText": "Sorry", "lastEdited": {"seconds": "1795960000"}}}),
        ("POST", path, 400, {"error": {"message": "Reply text is too long", "status": "INVALID_ARGUMENT"}}),
    )
    await ADAPTER.reply("gp:AOqpTOH", "Sorry", connection(), platform)
    assert platform.sent[1].json == {"replyText": "Sorry"}
    with pytest.raises(ReplyRefused, match="too long"):
        await ADAPTER.reply("gp:AOqpTOH", "Sorry" * 100, connection(), platform)


@pytest.mark.parametrize("key", ["nothing", '{"client_email": "a", "private_key": "b"}'])
async def test_a_key_that_is_none_is_told(key: str) -> None:
    with pytest.raises(AccessDenied, match="JSON file"):
        await ADAPTER.poll(connection(key), Recorded(), {}, NOW)


async def test_times_that_are_none_are_unreadable() -> None:
    odd = {**REVIEW, "comments": [{"userComment": {"text": "x", "lastModified": {"seconds": "9" * 30}}}]}
    with pytest.raises(Unreadable):
        await ADAPTER.poll(connection(), Recorded(TOKEN, ("GET", LIST, 200, {"reviews": [odd]})), {}, NOW)
