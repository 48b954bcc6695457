import base64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.survey.adapters import google_business
from services.survey.adapters.base import AccessDenied, Connection, KeysNeeded, PlatformDown, Rejected, ReplyRefused
from services.survey.adapters.calling import TOKENS
from services.survey.adapters.google_business import GoogleBusiness
from services.survey.adapters.jwks import SenderKeys
from services.survey.hearing.canonical import FeedbackItem, Hint
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads
from tests.survey.adapters.platforms import Recorded

BODY_IS_FREE = "the token says who sends and to whom; what is sent is looked up"
KEY = RSAKey.generate_key(2048, {"kid": "of-google", "use": "sig", "alg": "RS256"})
PUBLIC = KeySet([KEY]).as_dict(private=False)
CERTS = ("GET", "/oauth2/v3/certs", 200, PUBLIC)
TOKEN = ("POST", "/token", 200, {"access_token": "t", "expires_in": 3599})
PLACE = "accounts/1234567890/locations/987"
REVIEW = f"{PLACE}/reviews/AbFvOqkWx_1-z"
FOUND: dict[str, Any] = {
    "name": REVIEW,
    "reviewId": "AbFvOqkWx_1-z",
    "reviewer": {"displayName": "Ute Klein", "profilePhotoUrl": "https://lh3.example/a"},
    "starRating": "TWO",
    "comment": "Kalt und spät.\n\n(Translated by Google)\nCold and late.",
    "createTime": "2026-11-28T10:00:00.123456789Z",
    "updateTime": "2026-11-28T10:00:00.123456789Z",
}


class GoogleSender(Sender):
    adapter: ClassVar = GoogleBusiness()
    signed_by = ("authorization",)
    exempt: ClassVar = dict.fromkeys(("flipped_byte", "reserialised", "oversize"), BODY_IS_FREE)

    def secrets(self, account: str) -> dict[str, Any]:
        return {"client_id": "id", "client_secret": "secret", "refresh_token": f"refresh {account}"}

    def settings(self) -> dict[str, Any]:
        return {
            "account": "accounts/1234567890",
            "locations": ["locations/987"],
            "push_service_account": "push@heed-demo.iam.gserviceaccount.com",
        }

    async def prepare(self) -> None:
        await google_business.KEYS.fetch(Recorded(CERTS))

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        return [("authorization", f"Bearer {token(connection, at)}")]


SENDER = GoogleSender()


def token(connection: Connection, at: datetime = NOW, key: RSAKey = KEY, **claims: Any) -> str:
    issued = int(at.timestamp())
    usual = {
        "aud": connection.url,
        "azp": "113774264463038321964",
        "email": connection.settings.push_service_account,
        "email_verified": True,
        "iss": "https://accounts.google.com",
        "sub": "113774264463038321964",
        "iat": issued,
        "exp": issued + 3_600,
    }
    return jwt.encode({"alg": "RS256", "kid": key.kid}, usual | claims, key)


@pytest.fixture(autouse=True)
async def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(google_business, "KEYS", SenderKeys("https://www.googleapis.com/oauth2/v3/certs"))
    await SENDER.prepare()


@pytest.fixture(autouse=True)
def no_tokens() -> Iterator[None]:
    """Each test asks for its own."""
    yield
    TOKENS.forget("t")


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("google_business", "camel"))


@pytest.mark.parametrize("name", payloads("google_business"))
def test_the_review_is_found_however_it_is_spelt(name: str) -> None:
    (hint,) = SENDER.heard(SENDER.request(payload("google_business", name)))

    assert isinstance(hint, Hint)
    assert (hint.reference, hint.removed) == (REVIEW, False)


def test_what_is_about_no_review_is_no_hint() -> None:
    for data in (b'{"notificationType": "GOOGLE_UPDATE", "locationName": "accounts/1/locations/2"}', b"{}"):
        body = b'{"message": {"data": "%s", "messageId": "1"}}' % base64.b64encode(data)
        assert SENDER.heard(SENDER.request(body)) == []


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://accounts.example"}, "wrong_signature"),
        ({"email": "somebody@heed-demo.iam.gserviceaccount.com"}, "wrong_signature"),
        ({"email_verified": False}, "wrong_signature"),
        ({"email_verified": "true"}, "wrong_signature"),
        ({"aud": "https://heed.example/hooks/theirs"}, "wrong_audience"),
        ({"exp": None}, "malformed_signature"),
    ],
)
def test_every_claim_counts(claims: dict[str, Any], reason: str) -> None:
    connection = SENDER.connection()
    request = replace(
        SENDER.request(payload("google_business", "camel")),
        headers=(("authorization", f"Bearer {token(connection, **claims)}"),),
    )
    with pytest.raises(Rejected) as refused:
        SENDER.adapter.verify(request, connection)
    assert refused.value.reason == reason


def test_another_key_of_the_same_name_is_none() -> None:
    forged = RSAKey.generate_key(2048, {"kid": "of-google"})
    request = replace(
        SENDER.request(payload("google_business", "camel")),
        headers=(("authorization", f"Bearer {token(SENDER.connection(), key=forged)}"),),
    )
    with pytest.raises(Rejected):
        SENDER.adapter.verify(request, SENDER.connection())


async def test_keys_are_fetched_when_they_are_missed_and_not_for_every_forgery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(google_business, "KEYS", SenderKeys("https://www.googleapis.com/oauth2/v3/certs"))
    request = SENDER.request(payload("google_business", "camel"))
    with pytest.raises(KeysNeeded):
        SENDER.adapter.verify(request, SENDER.connection())
    platform = Recorded(CERTS)
    await SENDER.adapter.prepare(platform, SENDER.connection())
    assert SENDER.adapter.verify(request, SENDER.connection()).delivery_id == "2070443601311540"

    unknown = token(SENDER.connection(), key=RSAKey.generate_key(2048, {"kid": "another"}))
    forged = replace(request, headers=(("authorization", f"Bearer {unknown}"),))
    with pytest.raises(Rejected):
        SENDER.adapter.verify(forged, SENDER.connection())
    # Later it may be a new key; and keys are renewed each day.
    with pytest.raises(KeysNeeded):
        SENDER.adapter.verify(replace(forged, at=NOW + timedelta(minutes=2)), SENDER.connection())
    tomorrow = NOW + timedelta(days=1, minutes=1)
    with pytest.raises(KeysNeeded):
        SENDER.adapter.verify(replace(SENDER.request(request.body, at=tomorrow), at=tomorrow), SENDER.connection())


async def test_keys_that_do_not_come_are_asked_for_once_a_minute() -> None:
    keys = SenderKeys("https://www.googleapis.com/oauth2/v3/certs")
    with pytest.raises(PlatformDown):
        await keys.fetch(Recorded(("GET", "/oauth2/v3/certs", 200, {"no": "keys"})))
    with pytest.raises(PlatformDown):
        await keys.fetch(Recorded())


async def test_a_hint_is_looked_up() -> None:
    platform = Recorded(TOKEN, ("GET", f"/v4/{REVIEW}", 200, FOUND))
    (item,) = await SENDER.adapter.fetch(Hint(reference=REVIEW), SENDER.connection(), platform)

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.external_id, item.op, item.rating.raw, item.rating.value) == (REVIEW, "create", "2", Decimal(2))
    assert (item.text, item.author.name, item.location_ref) == ("Kalt und spät.", "Ute Klein", "locations/987")
    assert item.occurred_at == datetime(2026, 11, 28, 10, 0, 0, 123456, tzinfo=UTC)
    assert platform.sent[0].form["grant_type"] == "refresh_token"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"comment": None}, ("rating", None, "Ute Klein", "create")),
        ({"starRating": "STAR_RATING_UNSPECIFIED", "comment": "Ok"}, ("review", "Ok", "Ute Klein", "create")),
        (
            {"reviewer": {"isAnonymous": True, "displayName": "A Google User"}, "comment": "Ok"},
            ("review", "Ok", None, "create"),
        ),
        (
            {"comment": "(Translated by Google) Good\n\n(Original)\nGut", "updateTime": "2026-11-29T10:00:00Z"},
            ("review", "Gut", "Ute Klein", "update"),
        ),
    ],
)
async def test_what_reviews_may_lack(change: dict[str, Any], expected: tuple[Any, ...]) -> None:
    platform = Recorded(TOKEN, ("GET", f"/v4/{REVIEW}", 200, FOUND | change))
    (item,) = await SENDER.adapter.fetch(Hint(reference=REVIEW), SENDER.connection(), platform)

    assert isinstance(item, FeedbackItem)
    assert (item.kind, item.text, item.author.name, item.op) == expected
    assert (item.rating is None) == ("starRating" in change)


async def test_a_review_that_is_not_there_any_more_is_gone() -> None:
    platform = Recorded(TOKEN, ("GET", f"/v4/{REVIEW}", 404, {"error": {"code": 404}}))
    (item,) = await SENDER.adapter.fetch(Hint(reference=REVIEW), SENDER.connection(), platform)

    assert (item.external_id, item.op) == (REVIEW, "delete")


async def test_the_nightly_list_is_whole_only_if_google_counts_as_many() -> None:
    path = f"/v4/{PLACE}/reviews"
    pages = [
        {"reviews": [FOUND], "totalReviewCount": 2, "nextPageToken": "n"},
        {"reviews": [FOUND | {"name": f"{PLACE}/reviews/second"}], "totalReviewCount": 2},
    ]
    platform = Recorded(TOKEN, *(("GET", path, 200, page) for page in pages))
    told = await SENDER.adapter.poll(SENDER.connection(), platform, {}, NOW)

    assert [item.external_id for item in told.items] == [REVIEW, f"{PLACE}/reviews/second"]
    assert (told.whole, told.more, told.cursor) == (f"{PLACE}/", False, {"left": []})
    assert platform.sent[2].params["pageToken"] == "n"
    for short in ({}, {"reviews": [FOUND], "totalReviewCount": 2}):
        told = await SENDER.adapter.poll(SENDER.connection(), Recorded(("GET", path, 200, short)), {}, NOW)
        assert told.whole is None


async def test_a_long_list_is_read_in_turns_and_is_never_whole() -> None:
    path = f"/v4/{PLACE}/reviews"
    pages = [{"reviews": [FOUND], "totalReviewCount": 1, "nextPageToken": "n"}] * 4
    last = {"reviews": [FOUND], "totalReviewCount": 1}
    platform = Recorded(TOKEN, *(("GET", path, 200, page) for page in (*pages, last)), seconds=9)
    first = await SENDER.adapter.poll(SENDER.connection(), platform, {}, NOW)
    second = await SENDER.adapter.poll(SENDER.connection(), platform, first.cursor, NOW)

    assert (first.more, first.whole, second.more, second.whole) == (True, None, False, None)
    assert platform.is_done
    # A page that is too old is not asked for: Google has forgotten it.
    again = Recorded(("GET", path, 200, last))
    anew = await SENDER.adapter.poll(SENDER.connection(), again, first.cursor, NOW + timedelta(hours=2))
    assert ("pageToken" in again.sent[0].params, anew.whole) == (False, f"{PLACE}/")


async def test_all_locations_are_read_one_after_the_other() -> None:
    everywhere = replace(
        SENDER.connection(), settings=SENDER.connection().settings.model_copy(update={"locations": []})
    )
    names = {"locations": [{"name": "locations/1"}, {"name": "locations/2"}]}
    nothing = {"reviews": [], "totalReviewCount": 0}
    platform = Recorded(
        TOKEN,
        ("GET", "/v1/accounts/1234567890/locations", 200, names),
        ("GET", "/v4/accounts/1234567890/locations/1/reviews", 200, nothing),
        ("GET", "/v4/accounts/1234567890/locations/2/reviews", 200, nothing),
    )
    first = await SENDER.adapter.poll(everywhere, platform, {}, NOW)
    second = await SENDER.adapter.poll(everywhere, platform, first.cursor, NOW)

    assert (first.more, second.more) == (True, False)
    assert platform.is_done


async def test_a_reply_is_posted_or_waits_or_is_refused() -> None:
    path, connection = f"/v4/{REVIEW}/reply", SENDER.connection()
    platform = Recorded(
        TOKEN,
        ("PUT", path, 200, {"comment": "Sorry", "updateTime": "2026-11-29T12:00:00Z"}),
        ("PUT", path, 200, {"comment": "Sorry", "reviewReplyState": "PENDING"}),
        ("PUT", path, 200, {"reviewReplyState": "REJECTED", "policyViolation": "SPAM"}),
        ("PUT", path, 400, {"error": {"message": "comment too long"}}),
        ("GET", f"/v4/{REVIEW}", 200, FOUND | {"reviewReply": {"reviewReplyState": "REJECTED"}}),
    )
    assert (await SENDER.adapter.reply(REVIEW, "Sorry", connection, platform)).state == "posted"
    assert (await SENDER.adapter.reply(REVIEW, "Sorry", connection, platform)).state == "pending"
    for reason in ("SPAM", "comment too long"):
        with pytest.raises(ReplyRefused, match=reason):
            await SENDER.adapter.reply(REVIEW, "Sorry", connection, platform)
    with pytest.raises(ReplyRefused, match="no reason"):
        await SENDER.adapter.reply_state(REVIEW, connection, platform)


async def test_a_withdrawn_permission_is_told() -> None:
    refused = Recorded(("POST", "/token", 400, {"error": "invalid_grant"}))
    with pytest.raises(AccessDenied, match="invalid_grant"):
        await SENDER.adapter.fetch(Hint(reference=REVIEW), SENDER.connection(), refused)
