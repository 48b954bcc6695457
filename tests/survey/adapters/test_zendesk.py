import base64
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Unreadable
from services.survey.adapters.zendesk import Zendesk
from services.survey.hearing.canonical import ActivityItem, FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload


class ZendeskSender(Sender):
    adapter: ClassVar = Zendesk()
    signed_by = ("x-zendesk-webhook-signature",)
    exempt: ClassVar = {"empty_body": "a signed request without a body says nothing, and may"}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"dGhpc19zZWNyZXRf of {account}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        secret = connection.secrets.signing_secrets[0].encode()
        return [
            (
                "x-zendesk-webhook-signature",
                base64.b64encode(hmac.digest(secret, stamp.encode() + body, "sha256")).decode(),
            ),
            ("x-zendesk-webhook-signature-timestamp", stamp),
            ("x-zendesk-webhook-invocation-id", "01JQMQH83YNAKWSWJ8B1QH2NSC"),
        ]


SENDER = ZendeskSender()


def said(name: str, *, was: bytes = b"", now: bytes = b"") -> list[FeedbackItem]:
    body = payload("zendesk", name)
    assert was in body
    heard = SENDER.heard(SENDER.request(body.replace(was, now) if was else body))
    assert all(isinstance(item, FeedbackItem) for item in heard)
    return list(heard)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("zendesk", "comment"))


def test_an_empty_body_is_signed_by_its_time() -> None:
    request = SENDER.request(b"")
    assert SENDER.adapter.verify(request, SENDER.connection()).delivery_id == "01JQMQH83YNAKWSWJ8B1QH2NSC"
    assert SENDER.adapter.verify(request, SENDER.connection()).sent_at == NOW


def test_a_ticket_and_its_first_comment_are_one_message() -> None:
    (opened,) = said("created")
    (first,) = said("comment", was=b"Still no answer!", now=b"The lamp came with a broken shade.")

    assert (opened.title, opened.text, opened.channel) == ("Broken lamp", "The lamp came with a broken shade.", "email")
    assert (first.external_id, first.external_version) == (opened.external_id, opened.external_version)
    assert opened.occurred_at == datetime(2026, 11, 28, 10, tzinfo=UTC)


def test_what_a_customer_adds_is_heard_in_the_same_thread() -> None:
    (more,) = said("comment")

    assert (more.text, more.author.name, more.thread) == ("Still no answer!", "Mia Meier", "ticket:5158")
    assert more.thread == said("created")[0].thread


def test_the_words_of_the_team_and_of_bots_are_not_feedback() -> None:
    assert said("comment_staff") == []
    assert said("comment", was=b'"is_public": true\n    }', now=b'"is_public": false\n    }') == []
    for actor in (b"agent", b"system", b"trigger"):
        assert said("message", was=b"end_user", now=actor) == []
    assert said("created", was=b'"actor_id": "8447388090495"', now=b'"actor_id": "8447388090494"') == []


def test_a_chat_message_is_heard() -> None:
    (message,) = said("message")
    assert (message.text, message.channel, message.thread) == ("Hello? Anyone there?", "chat", "ticket:141")


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (b'"BAD"', 0),
        (b'"good"', 1),
        (b'"GOOD_WITH_COMMENT"', 1),
        (b'"OFFERED"', None),
        (b'"unoffered"', None),
        (b"null", None),
    ],
)
def test_satisfaction_is_good_or_bad(score: bytes, value: int | None) -> None:
    heard = said("satisfaction", was=b'"BAD"', now=score)
    if value is None:
        assert heard == []
        return
    (rating,) = heard
    assert rating.rating is not None
    assert (rating.rating.kind, rating.rating.value, rating.kind) == ("binary", Decimal(value), "rating")
    assert (rating.text, rating.dimensions) == ("Took two weeks.", {"handled_by": "human"})


def test_a_satisfaction_that_is_only_a_word_is_read_too() -> None:
    body = payload("zendesk", "satisfaction")
    word = (
        body[: body.index(b'"satisfaction_score"')]
        + b'"satisfaction_score": "GOOD"'
        + body[body.index(b'\n  },\n  "id"') :]
    )
    (rating,) = SENDER.heard(SENDER.request(word))
    assert isinstance(rating, FeedbackItem)
    assert rating.rating is not None
    assert rating.rating.value == 1


def test_a_solved_ticket_is_support_that_was_given() -> None:
    (solved,) = SENDER.heard(SENDER.request(payload("zendesk", "solved")))
    assert isinstance(solved, ActivityItem)
    assert (solved.kind, solved.properties["handled_by"]) == ("support", "human")
    assert said("solved", was=b'"previous": "OPEN"', now=b'"previous": "SOLVED"') == []


def test_redacted_and_deleted_words_are_marked_as_gone() -> None:
    (gone,) = said("comment", was=b"ticket.comment_added", now=b"ticket.comment_redacted")
    assert (gone.op, gone.external_id, gone.text) == ("delete", said("comment")[0].external_id, None)
    (deleted,) = said("created", was=b"ticket.created", now=b"ticket.soft_deleted")
    assert (deleted.op, deleted.external_id) == ("delete", said("created")[0].external_id)


def test_a_triggers_own_body_says_where_it_belongs() -> None:
    body = b'{"id": "1", "type": "trigger", "time": "2026-11-29T10:00:00Z", "detail": {}}'
    with pytest.raises(Unreadable, match="generic source"):
        SENDER.heard(SENDER.request(body))
    assert said("solved", was=b"ticket.status_changed", now=b"ticket.tags_changed") == []


def test_a_stamp_without_meaning_is_refused() -> None:
    request = SENDER.request(b"{}")
    wrong = tuple((key, "now" if key.endswith("timestamp") else value) for key, value in request.headers)
    with pytest.raises(Exception, match="wrong_signature"):
        SENDER.adapter.verify(replace(request, headers=wrong), SENDER.connection())
