from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import AccessDenied, Connection, ReplyRefused
from services.survey.adapters.trustpilot import Trustpilot, TrustpilotSecrets, TrustpilotSettings
from services.survey.hearing.canonical import FeedbackItem, Hint
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload, payloads
from tests.survey.adapters.platforms import Recorded

UNSIGNED = "Trustpilot signs nothing: the door knows the sender by the address alone"
REVIEW = "65f1c0a9b3d2a40001c3f001"
TOKEN = ("POST", "/oauth/token", 200, {"access_token": "t", "expires_in": "0"})
# As the private API has it.
FOUND = {
    "id": REVIEW,
    "consumer": {"id": "5c0a1e", "displayName": "Jo"},
    "stars": 1,
    "title": "Never again",
    "text": "The parcel never came, and nobody answers.",
    "language": "en",
    "createdAt": "2026-11-28T10:03:11Z",
    "updatedAt": None,
    "referralEmail": "jo@example.com",
    "referenceId": "ORD-10442",
    "isVerified": True,
}


class TrustpilotSender(Sender):
    adapter: ClassVar = Trustpilot()
    exempt: ClassVar = dict.fromkeys([fault for fault in FAULTS if fault not in {"empty_body", "replay"}], UNSIGNED)


SENDER = TrustpilotSender()


def with_access() -> Connection:
    return replace(
        SENDER.connection(),
        settings=TrustpilotSettings(business_unit_id="46d6a890"),
        secrets=TrustpilotSecrets(api_key="key", api_secret="secret"),
    )


def heard(name: str) -> FeedbackItem:
    (item,) = SENDER.heard(SENDER.request(payload("trustpilot", name)))
    assert isinstance(item, FeedbackItem)
    return item


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("trustpilot", "created"))


@pytest.mark.parametrize("name", payloads("trustpilot"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert heard(name).channel == "trustpilot"


def test_what_a_review_becomes() -> None:
    item = heard("created")

    assert item.rating is not None
    assert (item.external_id, item.op, item.rating.value, item.order_ref) == (REVIEW, "create", Decimal(1), "ORD-10442")
    assert (item.author.name, item.author.email, item.dimensions) == ("Jo", None, {"market": "uk"})


def test_an_edit_keeps_the_id_and_a_reply_is_no_review() -> None:
    item = heard("updated_and_reply")

    assert (item.external_id, item.op) == (REVIEW, "update")
    assert item.external_version != heard("created").external_version


async def test_an_alarming_review_is_looked_up_where_that_is_possible() -> None:
    request = SENDER.request(payload("trustpilot", "created"))
    (hint,) = SENDER.heard(request, with_access())
    assert hint == Hint(reference=REVIEW)

    platform = Recorded(TOKEN, ("GET", f"/v1/private/reviews/{REVIEW}", 200, FOUND))
    (item,) = await SENDER.adapter.fetch(hint, with_access(), platform)

    assert isinstance(item, FeedbackItem)
    assert item.author.email == "jo@example.com"
    assert platform.sent[1].headers["Authorization"] == "Bearer t"
    # What nobody alarms is believed at once.
    (praise,) = SENDER.heard(SENDER.request(payload("trustpilot", "product")), with_access())
    assert isinstance(praise, FeedbackItem)


@pytest.mark.parametrize(("removed", "heard_of"), [(True, ["delete"]), (False, [])])
async def test_what_is_not_there_was_removed_or_never_was(removed: bool, heard_of: list[str]) -> None:
    platform = Recorded(TOKEN, ("GET", f"/v1/private/reviews/{REVIEW}", 404, {}))
    items = await SENDER.adapter.fetch(Hint(reference=REVIEW, removed=removed), with_access(), platform)

    assert [item.op for item in items] == heard_of


async def test_the_list_is_read_page_by_page_and_then_from_a_week_before() -> None:
    path = "/v1/private/business-units/46d6a890/reviews"
    full: dict[str, Any] = {"reviews": [FOUND] * 100}
    platform = Recorded(
        TOKEN, ("GET", path, 200, full), TOKEN, ("GET", path, 200, {"reviews": []}), TOKEN, ("GET", path, 200, full)
    )

    first = await SENDER.adapter.poll(with_access(), platform, {}, NOW)
    second = await SENDER.adapter.poll(with_access(), platform, first.cursor, NOW)
    await SENDER.adapter.poll(with_access(), platform, second.cursor, NOW + timedelta(days=1))

    assert (len(first.items), first.more, second.more) == (100, True, False)
    assert platform.sent[3].params["page"] == "2"
    assert platform.sent[5].params["startDateTime"] == "2026-11-22T12:00:00"


async def test_replies_need_credentials_that_work() -> None:
    path = f"/v1/private/reviews/{REVIEW}/reply"
    platform = Recorded(TOKEN, ("POST", path, 201, {}), TOKEN, ("POST", path, 400, {"message": "too rude"}))
    await SENDER.adapter.reply(REVIEW, "Sorry!", with_access(), platform)
    with pytest.raises(ReplyRefused, match="too rude"):
        await SENDER.adapter.reply(REVIEW, "Shame on you!", with_access(), platform)
    refused = Recorded(("POST", "/oauth/token", 400, {"error": "invalid_client"}))
    with pytest.raises(AccessDenied, match="invalid_client"):
        await SENDER.adapter.reply(REVIEW, "Sorry!", with_access(), refused)
    with pytest.raises(AccessDenied):
        await SENDER.adapter.reply(REVIEW, "Sorry!", SENDER.connection(), Recorded())
