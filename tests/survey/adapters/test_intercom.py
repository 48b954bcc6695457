import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Rejected
from services.survey.adapters.intercom import Intercom
from services.survey.hearing.canonical import ActivityItem, FeedbackItem, Item
from tests.survey.adapters.broken import FAULTS, Sender, check, payload


class IntercomSender(Sender):
    adapter: ClassVar = Intercom()
    signed_by = ("x-hub-signature",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"client secret of {account}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.signing_secrets[0].encode()
        return [("x-hub-signature", f"sha1={hmac.digest(secret, body, 'sha1').hex()}")]


SENDER = IntercomSender()


def heard(name: str, *changes: tuple[bytes, bytes]) -> list[Item]:
    body = payload("intercom", name)
    for was, now in changes:
        assert was in body
        body = body.replace(was, now)
    return list(SENDER.heard(SENDER.request(body)))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("intercom", "created"))


def test_only_sha1_is_spoken_here() -> None:
    request = SENDER.request(payload("intercom", "created"))
    for value in ("sha256=" + "0" * 64, "0" * 40):
        with pytest.raises(Rejected, match="malformed_signature"):
            SENDER.heard(replace(request, headers=(("x-hub-signature", value),)))


def test_a_conversation_begins_with_a_message() -> None:
    (item,) = heard("created")

    assert isinstance(item, FeedbackItem)
    assert (item.text, item.channel, item.kind) == ("My order is late & nobody answers.", "chat", "message")
    assert (item.author.email, item.author.verified) == ("joe@example.com", True)
    assert item.occurred_at == datetime.fromtimestamp(1795860000, UTC)
    assert SENDER.adapter.verify(SENDER.request(payload("intercom", "created")), SENDER.connection()).delivery_id == (
        "notif_ccd8a4d0-f965-11e3-a367-c779cae3e1b3"
    )


def test_a_leads_address_was_typed_by_anybody() -> None:
    (item,) = heard("created", (b'"type": "user"', b'"type": "lead"'))
    assert not item.author.verified


def test_a_reply_belongs_to_the_conversation() -> None:
    (item,) = heard("replied")

    assert isinstance(item, FeedbackItem)
    assert (item.text, item.thread, item.external_id) == ("Hello?", "conversation:1911149811", "part:269650473")
    assert [(file.name, file.size) for file in item.media] == [("lamp.jpg", 31337)]


def test_what_the_team_and_its_bot_did_is_told_by_who_did_it() -> None:
    (answered,), (closed,) = heard("answered"), heard("closed")

    assert isinstance(answered, ActivityItem)
    assert isinstance(closed, ActivityItem)
    assert (answered.kind, answered.properties["step"], answered.properties["handled_by"]) == (
        "support",
        "answered",
        "bot",
    )
    assert (closed.properties["step"], closed.properties["handled_by"]) == ("closed", "human")
    assert answered.author.email == "joe@example.com"


@pytest.mark.parametrize(
    ("changes", "handled_by"),
    [
        ((), "bot"),
        (((b'"type": "bot"', b'"type": "admin"'),), "human"),
        (((b'"type": "bot"', b'"type": ""'), (b'"admin_assignee_id": null', b'"admin_assignee_id": 5017691')), "human"),
        (
            ((b'"type": "bot"', b'"type": ""'), (b'"ai_agent_participated": false', b'"ai_agent_participated": true')),
            "bot",
        ),
    ],
)
def test_a_rating_has_stars_and_says_who_handled_it(changes: tuple[tuple[bytes, bytes], ...], handled_by: str) -> None:
    (item,) = heard("rated", *changes)

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.rating.value, item.rating.maximum, item.rating.kind) == (Decimal(2), Decimal(5), "stars")
    assert (item.kind, item.text, item.dimensions) == ("rating", "Only a bot", {"handled_by": handled_by})
    assert item.author.email == "joe@example.com"


def test_a_remark_that_follows_is_a_later_version_of_the_rating() -> None:
    (first,) = heard("rated")
    (second,) = heard(
        "rated",
        (b"conversation.rating.added", b"conversation.rating.remarked"),
        (b'"created_at": 1795867100', b'"created_at": 1795867160'),
    )
    assert first.external_id == second.external_id
    assert first.external_version < second.external_version


def test_a_ping_and_what_nobody_asked_for_say_nothing() -> None:
    assert heard("ping") == []
    assert heard("created", (b"conversation.user.created", b"conversation.admin.noted")) == []
