import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import (
    AccessDenied,
    Connection,
    Handshake,
    PlatformBusy,
    Received,
    Rejected,
    ReplyRefused,
)
from services.survey.adapters.facebook import Facebook
from services.survey.hearing.canonical import FeedbackItem, Hint
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload
from tests.survey.adapters.platforms import Recorded

STORY = "778899_1122"
RATINGS = "/v25.0/102030405060/ratings"
FOUND: dict[str, Any] = {
    "created_time": "2026-11-29T10:00:00+0000",
    "recommendation_type": "negative",
    "review_text": "Never again.",
    "reviewer": {"id": "778899", "name": "Lea Roth"},
    "open_graph_story": {"id": STORY},
}


class FacebookSender(Sender):
    adapter: ClassVar = Facebook()
    signed_by = ("x-hub-signature-256",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"app_secrets": [f"app of {account}"], "verify_token": "let me in", "page_access_token": "page"}

    def settings(self) -> dict[str, Any]:
        return {"page_id": "102030405060"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.app_secrets[0].encode()
        return [("x-hub-signature-256", "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest())]


SENDER = FacebookSender()


def asks(**query: str) -> Received:
    """Facebook's question at the beginning; a parameter is written with a `_` for the dot."""
    named = tuple((f"hub.{name}", value) for name, value in query.items())
    return replace(SENDER.request(b""), method="GET", headers=(), query=named)


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("facebook", "added"))


@pytest.mark.parametrize(("name", "removed"), [("added", False), ("removed", True), ("batch", False)])
def test_only_ratings_of_the_page_are_hints(name: str, removed: bool) -> None:
    (hint,) = SENDER.heard(SENDER.request(payload("facebook", name)))

    assert isinstance(hint, Hint)
    assert (hint.reference, hint.removed) == (STORY, removed)


def test_the_challenge_is_given_back_to_those_who_know_the_token() -> None:
    adapter, connection = SENDER.adapter, SENDER.connection()
    right = asks(mode="subscribe", verify_token="let me in", challenge="1158201444")

    assert adapter.handshake(right, connection) == Handshake("1158201444")
    for wrong in (
        asks(mode="subscribe", verify_token="let me out", challenge="1"),
        asks(mode="subscribe", challenge="1"),
        asks(mode="subscribe", verify_token="let me in"),
        asks(mode="subscribe", verify_token="let me in", challenge="<script>alert(1)</script>"),
        asks(mode="subscribe", verify_token="let me in", challenge="1" * 201),
    ):
        with pytest.raises(Rejected):
            adapter.handshake(wrong, connection)
    assert adapter.handshake(SENDER.request(payload("facebook", "added")), connection) is None


async def test_a_hint_is_looked_up_in_the_list() -> None:
    platform = Recorded(("GET", RATINGS, 200, {"data": [FOUND]}))
    (item,) = await SENDER.adapter.fetch(Hint(reference=STORY), SENDER.connection(), platform)

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.external_id, item.rating.kind, int(item.rating.value)) == (STORY, "binary", 0)
    assert (item.text, item.author.name) == ("Never again.", "Lea Roth")
    # The token is in a header, where no log has it.
    assert platform.sent[0].headers["Authorization"] == "Bearer page"
    assert "page" not in platform.sent[0].params.values()


@pytest.mark.parametrize(("status", "ops"), [(200, []), (400, ["delete"])])
async def test_what_was_removed_is_looked_for(status: int, ops: list[str]) -> None:
    answer = {"id": STORY} if status == 200 else {"error": {"code": 100, "message": "does not exist"}}
    platform = Recorded(("GET", f"/v25.0/{STORY}", status, answer))
    items = await SENDER.adapter.fetch(Hint(reference=STORY, removed=True), SENDER.connection(), platform)

    assert [item.op for item in items] == ops


async def test_all_are_listed_and_an_empty_list_takes_nothing_away() -> None:
    old = {"created_time": "2017-01-01T10:00:00+0000", "rating": 4, "reviewer": {"id": "5"}}
    paging = {"cursors": {"after": "QVFI"}, "next": "https://graph.facebook.com/v25.0/next"}
    platform = Recorded(
        ("GET", RATINGS, 200, {"data": [FOUND], "paging": paging}),
        ("GET", RATINGS, 200, {"data": [old], "paging": {"cursors": {"after": "END"}}}),
        ("GET", RATINGS, 200, {"data": []}),
    )
    told = await SENDER.adapter.poll(SENDER.connection(), platform, {}, NOW)

    assert (len(told.items), told.whole) == (2, "")
    assert platform.sent[1].params["after"] == "QVFI"
    stars = told.items[1]
    assert isinstance(stars, FeedbackItem)
    assert stars.rating is not None
    assert (stars.kind, stars.rating.kind) == ("rating", "stars")
    assert (await SENDER.adapter.poll(SENDER.connection(), platform, {}, NOW)).whole is None


async def test_a_reply_is_a_comment() -> None:
    path = f"/v25.0/{STORY}/comments"
    platform = Recorded(
        ("POST", path, 200, {"id": "1122_77"}),
        ("POST", path, 400, {"error": {"code": 368, "message": "The action looks abusive"}}),
        ("POST", path, 400, {"error": {"code": 190, "message": "token expired"}}),
        ("POST", path, 400, {"error": {"code": 32, "message": "too many calls"}}),
    )
    assert (await SENDER.adapter.reply(STORY, "Sorry", SENDER.connection(), platform)).reference == "1122_77"
    for problem in (ReplyRefused, AccessDenied, PlatformBusy):
        with pytest.raises(problem):
            await SENDER.adapter.reply(STORY, "Sorry", SENDER.connection(), platform)
