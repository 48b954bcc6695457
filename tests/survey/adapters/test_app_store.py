from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.survey.adapters.app_store import AppStore, AppStoreSecrets, AppStoreSettings
from services.survey.adapters.base import AccessDenied, Connection, ReplyRefused, Unreadable
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import NOW
from tests.survey.adapters.platforms import Recorded

KEY = ECKey.generate_key("P-256")
LIST = "/v1/apps/6448311069/customerReviews"
ADAPTER: AppStore = AppStore()


def connection(private_key: str = "") -> Connection:
    return Connection(
        source_id=uuid4(),
        account_id=uuid4(),
        settings=AppStoreSettings(app_id="6448311069"),
        secrets=AppStoreSecrets(
            issuer_id="57246542-96fe", key_id="2X9R4HXF34", private_key=private_key or KEY.as_pem(private=True).decode()
        ),
        url="",
    )


def review(name: str, **attributes: Any) -> dict[str, Any]:
    usual = {
        "rating": 2,
        "title": "Keeps crashing",
        "body": "Since the update it closes at once.",
        "reviewerNickname": "mara77",
        "createdDate": "2026-11-28T01:02:03-08:00",
        "territory": "DEU",
    }
    response = {"links": {"related": f"https://api.appstoreconnect.apple.com/v1/customerReviews/{name}/response"}}
    return {
        "type": "customerReviews",
        "id": name,
        "attributes": usual | attributes,
        "relationships": {"response": response},
    }


def page(*names: str, total: int, following: str | None = None) -> dict[str, Any]:
    return {
        "data": [review(name) for name in names],
        "links": {"self": "https://api.appstoreconnect.apple.com" + LIST} | ({"next": following} if following else {}),
        "meta": {"paging": {"total": total, "limit": 200}},
    }


class TestPolling:
    NEXT: ClassVar = f"https://api.appstoreconnect.apple.com{LIST}?cursor=AMg.ALRd&limit=200"

    async def test_what_a_review_becomes(self) -> None:
        told = await ADAPTER.poll(connection(), Recorded(("GET", LIST, 200, page("00000041", total=1))), {}, NOW)

        (item,) = told.items
        assert isinstance(item, FeedbackItem)
        assert item.rating is not None
        assert (item.external_id, item.title, int(item.rating.value)) == ("00000041", "Keeps crashing", 2)
        assert item.occurred_at == datetime(2026, 11, 28, 9, 2, 3, tzinfo=UTC)
        assert (item.author.name, item.dimensions) == ("mara77", {"territory": "DEU"})

    async def test_an_edit_has_the_same_id_and_another_version(self) -> None:
        lists = [{"data": [review("1", body=body)]} for body in ("Bad", "Good", "Good")]
        told = [
            (await ADAPTER.poll(connection(), Recorded(("GET", LIST, 200, each)), {}, NOW)).items[0] for each in lists
        ]
        assert len({item.external_id for item in told}) == 1
        assert [item.external_version == told[0].external_version for item in told] == [True, False, False]

    async def test_all_are_listed_once_a_day_and_the_newest_each_hour(self) -> None:
        whole = (("GET", LIST, 200, page("1", total=2, following=self.NEXT)), ("GET", LIST, 200, page("2", total=2)))
        platform = Recorded(*whole, whole[0], *whole)

        first = await ADAPTER.poll(connection(), platform, {}, NOW)
        hourly = await ADAPTER.poll(connection(), platform, first.cursor, NOW + timedelta(hours=1))
        nightly = await ADAPTER.poll(connection(), platform, hourly.cursor, NOW + timedelta(hours=24))

        assert [len(each.items) for each in (first, hourly, nightly)] == [2, 1, 2]
        assert [each.whole for each in (first, hourly, nightly)] == ["", None, ""]
        assert platform.sent[1].url == self.NEXT

    async def test_a_short_list_takes_nothing_away(self) -> None:
        told = await ADAPTER.poll(connection(), Recorded(("GET", LIST, 200, page("1", total=2))), {}, NOW)
        assert told.whole is None

    async def test_the_token_goes_nowhere_but_to_apple(self) -> None:
        astray = page("1", total=2, following="https://evil.example/v1/apps")
        with pytest.raises(Unreadable):
            await ADAPTER.poll(connection(), Recorded(("GET", LIST, 200, astray)), {}, NOW)

    async def test_the_token_is_short_lived_and_says_who_asks(self) -> None:
        platform = Recorded(("GET", LIST, 200, page(total=0)))
        await ADAPTER.poll(connection(), platform, {}, NOW)

        token = jwt.decode(platform.sent[0].headers["Authorization"].removeprefix("Bearer "), KEY, algorithms=["ES256"])
        assert token.header == {"alg": "ES256", "kid": "2X9R4HXF34", "typ": "JWT"}
        assert (token.claims["iss"], token.claims["aud"]) == ("57246542-96fe", "appstoreconnect-v1")
        assert token.claims["exp"] - token.claims["iat"] <= 20 * 60

    async def test_credentials_that_do_not_work_are_told(self) -> None:
        with pytest.raises(AccessDenied, match="p8"):
            await ADAPTER.poll(connection("not a key"), Recorded(), {}, NOW)
        refused = {"errors": [{"status": "401", "code": "NOT_AUTHORIZED", "title": "Authentication credentials"}]}
        with pytest.raises(AccessDenied, match="Authentication credentials"):
            await ADAPTER.poll(connection(), Recorded(("GET", LIST, 401, refused)), {}, NOW)


class TestReplies:
    async def test_a_reply_waits_for_apple(self) -> None:
        created = {"data": {"type": "customerReviewResponses", "id": "r1", "attributes": {"state": "PENDING_PUBLISH"}}}
        published = {"data": {"id": "r1", "attributes": {"state": "PUBLISHED", "responseBody": "Sorry"}}}
        platform = Recorded(
            ("POST", "/v1/customerReviewResponses", 201, created),
            ("GET", "/v1/customerReviews/00000041/response", 200, published),
        )
        posted = await ADAPTER.reply("00000041", "Sorry", connection(), platform)

        assert (posted.reference, posted.state) == ("r1", "pending")
        data = platform.sent[0].json["data"]
        assert data["attributes"] == {"responseBody": "Sorry"}
        assert data["relationships"] == {"review": {"data": {"type": "customerReviews", "id": "00000041"}}}
        assert (await ADAPTER.reply_state("00000041", connection(), platform)).state == "posted"

    async def test_a_refusal_is_told_in_apples_words(self) -> None:
        too_long = {"errors": [{"status": "409", "detail": "The attribute responseBody is too long"}]}
        platform = Recorded(("POST", "/v1/customerReviewResponses", 409, too_long))
        with pytest.raises(ReplyRefused, match="too long"):
            await ADAPTER.reply("00000041", "Sorry", connection(), platform)
