from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from services.survey.adapters.base import Connection, Handshake, Rejected, Unreadable
from services.survey.adapters.yelp import Yelp, YelpSecrets, YelpSettings
from services.survey.hearing.canonical import FeedbackItem, Hint
from tests.survey.adapters.broken import FAULTS, Sender, check, payload, payloads
from tests.survey.adapters.platforms import Recorded

UNSIGNED = "Yelp signs nothing: the door knows the sender by the address alone"
BUSINESS, REVIEW = "3l54GTr8-E3XPpxxnF_sAA", "9CNz4nWU59PIZsiDV9sSVQ"
REVIEWS = f"/v3/businesses/{BUSINESS}/reviews"


class YelpSender(Sender):
    adapter: ClassVar = Yelp()
    exempt: ClassVar = dict.fromkeys([fault for fault in FAULTS if fault not in {"empty_body", "replay"}], UNSIGNED)


SENDER = YelpSender()


def hint_of(name: str) -> Hint:
    (hint,) = SENDER.heard(SENDER.request(payload("yelp", name)))
    assert isinstance(hint, Hint)
    return hint


def with_key() -> Connection:
    return replace(SENDER.connection(), secrets=YelpSecrets(api_key="key"))


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("yelp", "new"))


@pytest.mark.parametrize("name", payloads("yelp"))
def test_every_documented_payload_is_a_hint(name: str) -> None:
    assert hint_of(name).reference.startswith(f"{BUSINESS}/{REVIEW}/")


async def test_a_review_is_its_stars_and_its_link() -> None:
    (item,) = await SENDER.adapter.fetch(hint_of("new"), SENDER.connection(), Recorded())

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.external_id, item.rating.value, item.text, item.kind) == (REVIEW, Decimal(5), None, "rating")
    assert item.url == f"https://www.yelp.com/biz/{BUSINESS}?hrid={REVIEW}"
    # The push names no zone.
    assert item.occurred_at == datetime(2020, 10, 10, 19, 30, 27, 731910, tzinfo=UTC)
    assert item.time_confidence == "assumed"


async def test_an_edit_is_looked_up_or_stays_unknown() -> None:
    shown = {"reviews": [{"id": REVIEW, "rating": 2, "url": "https://www.yelp.com/biz/x", "text": "An excerpt..."}]}
    platform = Recorded(("GET", REVIEWS, 200, shown), ("GET", REVIEWS, 200, {"reviews": []}), ("GET", REVIEWS, 404, {}))
    (item,) = await SENDER.adapter.fetch(hint_of("edited"), with_key(), platform)

    assert isinstance(item, FeedbackItem)
    assert item.rating is not None
    assert (item.rating.value, item.text) == (Decimal(2), None)
    for _ in range(2):
        assert await SENDER.adapter.fetch(hint_of("edited"), with_key(), platform) == []


async def test_a_removed_review_is_gone() -> None:
    (item,) = await SENDER.adapter.fetch(hint_of("removed"), SENDER.connection(), Recorded())
    assert (item.external_id, item.op) == (REVIEW, "delete")


def test_the_word_is_given_back_in_json() -> None:
    asks = replace(SENDER.request(b""), method="GET", query=(("verification", "a1b2-c3"),))
    assert SENDER.adapter.handshake(asks, SENDER.connection()) == Handshake(
        '{"verification":"a1b2-c3"}', "application/json"
    )
    with pytest.raises(Rejected):
        SENDER.adapter.handshake(replace(asks, query=(("verification", '"}<b>'),)), SENDER.connection())


def test_other_businesses_and_leads_are_no_hints() -> None:
    others = replace(SENDER.connection(), settings=YelpSettings(business_ids=["another"]))
    request = SENDER.request(payload("yelp", "new"))

    assert SENDER.heard(request, others) == []
    lead = payload("yelp", "new").replace(b"NEW_REVIEW_EVENT", b"NEW_EVENT")
    assert SENDER.heard(SENDER.request(lead)) == []


def test_an_id_that_leads_elsewhere_is_none() -> None:
    with pytest.raises(Unreadable):
        SENDER.heard(SENDER.request(payload("yelp", "new").replace(BUSINESS.encode(), b"../../v4")))
