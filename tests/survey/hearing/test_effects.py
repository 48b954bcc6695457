"""What follows from items that say nothing."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from services.survey.hearing.canonical import ActivityItem, Author, ConsentItem, DeliveryItem, PrivacyItem
from shared.contracts.activities import ActivityAmount
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.hearing import ActivityObserved, ConsentObserved, DeliveryReported, PrivacyRequested
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import know_customer
from tests.survey.hearing.making import SAID_AT, Sender, outcomes, review

ANA = Author(email=" Ana@Example.com", name="Ana", handle="7")


def order(version: str = "2026-03-01T12:00:00Z", **fields: Any) -> ActivityItem:
    defaults: dict[str, Any] = {"kind": "purchase", "occurred_at": SAID_AT, "author": ANA, "order_ref": "#1001"}
    amount = ActivityAmount(amount=Decimal("49.90"), currency="EUR")
    return ActivityItem(external_id="o-1", external_version=version, amount=amount, **defaults | fields)


class TestEffects:
    async def test_each_is_told_once_for_each_version(self, survey: Harness, account: UUID) -> None:
        source, changed = Sender(adapter="shopify"), order("2026-03-01T12:05:00Z")
        assert await outcomes(survey, account, source, order(), order(), changed) == ["new", "same", "new"]
        assert await outcomes(survey, account, source, order(), order(op="delete")) == ["same", "new"]
        events = await survey.emitted(account, ActivityObserved)
        told = [event.data for event in events if isinstance(event.data, ActivityObserved)]
        assert [(each.version, each.removed) for each in told[:2]] == [(1772366400, False), (1772366700, False)]
        assert (told[2].removed, len({event.subject for event in events})) == (True, 1)
        customer = told[0].customer
        assert customer is not None
        assert (customer.email, customer.handle, customer.order) == ("ana@example.com", "shopify:7", "#1001")

    async def test_each_version_of_an_activity_has_a_greater_number(self, survey: Harness, account: UUID) -> None:
        """However close they come, and when what was sent is understood better."""
        source, sent = Sender(adapter="shopify"), new_id()
        versions = [f"2026-03-01T12:00:00.{tenths}00000Z" for tenths in (1, 2, 9)]
        for version in versions:
            await outcomes(survey, account, source, order(version), delivery_id=sent)
        better = order(versions[-1], order_ref="#1002")
        assert await outcomes(survey, account, source, better, delivery_id=sent) == ["new"]
        assert await outcomes(survey, account, source, order("2026-03-01T12:00:02Z")) == ["new"]
        events = [event.data for event in await survey.emitted(account, ActivityObserved)]
        told = [(each.version, each.order_ref) for each in events if isinstance(each, ActivityObserved)]
        first = 1772366400
        assert told == [
            *((first + number, "#1001") for number in range(3)),
            (first + 3, "#1002"),
            (first + 4, "#1001"),
        ]

    async def test_of_refusals_fates_and_requests(self, survey: Harness, account: UUID) -> None:
        common: dict[str, Any] = {"occurred_at": SAID_AT, "author": ANA}
        stop = ConsentItem(external_id="SM1", channel="sms", granted=False, proof="STOP", **common)
        bounce = DeliveryItem(external_id="b1", channel="email", message_id="m@x", state="bounced_hard", **common)
        redact = PrivacyItem(external_id="p1", request="erase", **common)
        nobody = PrivacyItem(external_id="p2", request="export", occurred_at=SAID_AT)
        shop = PrivacyItem(external_id="p3", request="erase_shop", occurred_at=SAID_AT)
        await outcomes(survey, account, Sender(), stop, bounce, redact, nobody, shop)
        types = ConsentObserved, DeliveryReported, PrivacyRequested
        told = [event.data.model_dump() for event in await survey.emitted(account, *types)]
        assert [each.get("proof") or each.get("state") or each.get("request") for each in told] == [
            *("STOP", "bounced_hard", "erase", "erase_shop"),
        ]


async def erase(survey: Harness, account: UUID, customer: UUID, mode: str) -> None:
    opened = SubjectRequestOpened(
        request_id=new_id(),
        kind="erase",
        mode="pseudonymise" if mode == "pseudonymise" else "delete",
        stage="act",
        services=("survey",),
        attempt=1,
        customer_id=customer,
        customer_ids=(customer,),
        customer_version=1,
        requested_at=survey.clock.now(),
        export_expires_at=None,
    )
    await survey.deliver(opened, account=account, subject=opened.request_id)


class TestErasure:
    async def test_takes_the_words_and_what_comes_again_is_not_heard(self, survey: Harness, account: UUID) -> None:
        ana, source = await know_customer(survey, account, email="ana@example.com"), Sender()
        said = review(author={"email": "ana@example.com", "name": "Ana"}, title="Hm", url="https://x.example/1")
        await outcomes(survey, account, source, said, order(), review("r-2", author={"name": "Bo"}))
        await erase(survey, account, ana, "pseudonymise")
        client = survey.client(account=account)
        listed = (await client.get("/v1/feedback", params={"removed": False, "kind": "review"})).json()["data"]
        [kept] = [each for each in listed if each["author_name"] != "Bo"]
        assert {kept[name] for name in ("title", "text", "url", "author_name", "external_id", "customer_id")} == {None}
        assert kept["rating"]["raw"] == 4
        changed = said.model_copy(update={"external_version": "9", "text": "Still here."})
        assert await outcomes(survey, account, source, said, changed, order()) == ["same"] * 3
        assert (await client.get(f"/v1/feedback/{kept['id']}/versions")).json()["data"] == []


class TestVersions:
    async def test_are_listed_the_latest_first(self, survey: Harness, account: UUID) -> None:
        source, client = Sender(), survey.client(account=account)
        await outcomes(survey, account, source, review(version="2026-03-01", given=1, text="Bad."))
        await outcomes(survey, account, source, review(version="2026-03-05", given=5, text="Good."))
        [shown] = (await client.get("/v1/feedback", params={"source_id": str(source.id)})).json()["data"]
        assert (shown["first_rating"]["value"], shown["rating"]["raw"]) == (1, 5)
        listed = (await client.get(f"/v1/feedback/{shown['id']}/versions")).json()["data"]
        assert [(each["text"], each["rating"]["value"]) for each in listed] == [("Good.", 5), ("Bad.", 1)]
        assert (await survey.client(account=new_id()).get(f"/v1/feedback/{shown['id']}/versions")).status_code == 404
