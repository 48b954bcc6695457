import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Handshake, Rejected
from services.survey.adapters.slack import Slack, plain
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import FAULTS, Sender, check, payload


class SlackSender(Sender):
    adapter: ClassVar = Slack()
    signed_by = ("x-slack-signature",)

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"signing secret of {account}", "8f742231b10e8888abcd99yyyzzz85a5"]}

    def settings(self) -> dict[str, Any]:
        return {"workspace": "T0123ABCD"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        stamp = str(int(at.timestamp()))
        secret = connection.secrets.signing_secrets[0].encode()
        signature = hmac.digest(secret, b"v0:" + stamp.encode() + b":" + body, "sha256").hex()
        return [("x-slack-signature", f"v0={signature}"), ("x-slack-request-timestamp", stamp)]


SENDER = SlackSender()


def said(name: str, was: bytes = b"", now: bytes = b"") -> list[FeedbackItem]:
    body = payload("slack", name)
    assert was in body
    return list(SENDER.heard(SENDER.request(body.replace(was, now) if was else body)))  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("slack", "message"))


def test_the_signature_that_slack_publishes() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
        b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.c"
        b"om%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc88"
        b"7a14d10d2c447fce8b6703c"
    )
    headers = (
        ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ("x-slack-request-timestamp", "1531420618"),
    )
    request = replace(SENDER.request(body), headers=headers, at=datetime.fromtimestamp(1531420618, UTC))
    connection = replace(SENDER.connection(), settings=Slack.settings())

    assert SENDER.adapter.verify(request, connection).scheme == "v0"


def test_the_handshake_is_answered_to_slack_alone() -> None:
    asked = b'{"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv", "type": "url_verification"}'
    request, connection = SENDER.request(asked), SENDER.connection()

    assert SENDER.adapter.handshake(request, connection) == Handshake(
        "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkv", "text/plain"
    )
    with pytest.raises(Rejected):
        SENDER.adapter.handshake(SENDER.unsigned(request), connection)
    page = asked.replace(b"3eZbrw1aBm2r", b"<script>")
    with pytest.raises(Rejected):
        SENDER.adapter.handshake(SENDER.request(page), connection)
    assert SENDER.adapter.handshake(SENDER.request(payload("slack", "message")), connection) is None


def test_a_message_reads_as_people_see_it() -> None:
    (message,) = said("message")

    assert message.text == "Is the lamp back? <3 @U0LAN0Z89"
    assert (message.kind, message.channel, message.author.handle) == ("message", "slack", "U061F7AUR")
    assert message.occurred_at == datetime(2026, 11, 28, 11, 59, 50, 200, UTC)
    assert plain("<!channel> <#C1|help> <mailto:a@b.example|a@b.example> 1 &lt; 2") == (
        "@channel #help a@b.example 1 < 2"
    )


def test_a_mention_is_in_its_thread() -> None:
    (mention,) = said("mention")
    assert (mention.kind, mention.thread) == ("mention", said("message")[0].thread)


def test_an_edit_a_removal_and_a_reaction() -> None:
    (first,), (edited,), (gone,), (reaction,) = (said(name) for name in ("message", "edited", "deleted", "reaction"))

    assert {first.external_id, edited.external_id, gone.external_id, reaction.in_reply_to} == {first.external_id}
    assert (edited.op, gone.op) == ("update", "delete")
    assert first.external_version < edited.external_version < gone.external_version
    assert reaction.text == "👎"
    (taken_back,) = said("reaction", b"reaction_added", b"reaction_removed")
    assert (taken_back.op, taken_back.external_id) == ("delete", reaction.external_id)


def test_a_repeated_delivery_is_known_by_its_event() -> None:
    request = SENDER.request(payload("slack", "message"))
    again = replace(
        request, headers=(*request.headers, ("x-slack-retry-num", "1"), ("x-slack-retry-reason", "http_timeout"))
    )
    first, second = (SENDER.adapter.verify(each, SENDER.connection()) for each in (request, again))
    assert first.delivery_id == second.delivery_id == "Ev08MFMKH6"


def test_bots_joins_and_other_channels_or_workspaces_are_not_heard() -> None:
    assert said("message", b'"user": "U061F7AUR"', b'"user": "U061F7AUR", "bot_id": "B1"') == []
    assert said("message", b'"channel_type"', b'"subtype": "channel_join", "channel_type"') == []
    elsewhere = replace(SENDER.connection(), settings=Slack.settings(channels=["C999"]))
    body = payload("slack", "message")
    assert SENDER.heard(SENDER.request(body, elsewhere), elsewhere) == []
    with pytest.raises(Rejected, match="wrong_audience"):
        said("message", b"T0123ABCD", b"T9999ABCD")
