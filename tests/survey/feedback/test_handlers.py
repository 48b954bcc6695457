"""From a response to the record that the other services hear of."""

import random
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.survey import CustomerSighted, ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, know_customer, open_survey, response_to, understand
from tests.survey.definition.making import page, question


async def say(survey: Harness, account: UUID, *bodies: dict[str, Any], **fields: Any) -> None:
    """Answer a fresh survey, and let the service understand it."""
    client = survey.client(account=account)
    live = await open_survey(client, **fields)
    for number, body in enumerate(bodies):
        accepted = await client.post("/v1/responses", json=response_to(live, f"s-{number}") | body)
        assert accepted.status_code == 201, accepted.text
    await understand(survey, account)


async def told(survey: Harness, account: UUID) -> list[FeedbackReceived]:
    events = await survey.emitted(account, FeedbackReceived)
    return [event.data for event in events if isinstance(event.data, FeedbackReceived)]


async def sightings(survey: Harness, account: UUID) -> list[CustomerSighted]:
    events = await survey.emitted(account, CustomerSighted)
    return [event.data for event in events if isinstance(event.data, CustomerSighted)]


class TestUnderstanding:
    async def test_tells_score_sentiment_topics_and_where_it_was_said(self, survey: Harness, account: UUID) -> None:
        body = {"answers": answers(2, "The parcel came late."), "channel": "web", "dimensions": {"store": "12"}}
        await say(survey, account, body, touchpoint="delivery", journey_stage="use")
        [feedback] = await told(survey, account)
        assert feedback.rating is not None
        assert (feedback.rating.scheme, feedback.rating.value, feedback.rating.normalised) == ("nps", 2, 20)
        assert feedback.rating.band == "negative"
        assert feedback.sentiment is not None
        assert (feedback.sentiment.label, feedback.sentiment.method) == ("negative", "rating")
        assert [(topic.key, topic.evidence) for topic in feedback.topics] == [
            ("delivery", ("parcel", "late")),
            ("late_delivery", ("late",)),
        ]
        assert (feedback.text, feedback.language) == ("The parcel came late.", "en")
        assert (feedback.kind, feedback.channel, feedback.survey_name) == ("survey", "web", "After delivery")
        assert (feedback.touchpoint, feedback.journey_stage) == ("delivery", "use")
        assert feedback.dimensions == {"store": "12"}

    async def test_hard_effort_reads_higher_is_better_for_everybody_else(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {"answers": answers(7)}, kind="ces", direction="high_is_bad")
        [feedback] = await told(survey, account)
        assert feedback.rating is not None
        assert (feedback.rating.value, feedback.rating.band) == (1, "negative")
        [shown] = (await survey.client(account=account).get("/v1/feedback")).json()["data"]
        assert (shown["rating"]["raw"], shown["rating"]["normalised"]) == (7, 0)

    async def test_every_scored_question_has_its_rating(self, survey: Harness, account: UUID) -> None:
        asked = [question("satisfied", "csat"), question("parts", "csi"), question("again", "nps"), question("why")]
        given = {"parts": {"speed": 10, "price": 4}, "again": 3, "why": "The price."}
        body = {"answers": [{"question": key, "value": value} for key, value in given.items()]}
        await say(survey, account, body, kind="custom", definition={"pages": [page("p", *asked)]})
        [feedback] = await told(survey, account)
        assert [(each.question, each.rating.scheme, each.rating.value) for each in feedback.ratings] == [
            ("parts", "csi", 67),
            ("again", "nps", 3),
        ]
        assert feedback.rating == feedback.ratings[0].rating
        assert feedback.ratings[0].index == Decimal("66.6667")
        [shown] = (await survey.client(account=account).get("/v1/feedback")).json()["data"]
        assert (shown["rating"]["scheme"], shown["rating"]["raw"]) == ("csi", 67)
        assert [each["question"] for each in shown["ratings"]] == ["parts", "again"]

    async def test_words_alone_are_read_by_the_lexicon(self, survey: Harness, account: UUID) -> None:
        comment = [{"question": "comment", "value": "I love it, great!"}]
        await say(survey, account, {"answers": comment, "completed": False})
        [feedback] = await told(survey, account)
        assert (feedback.rating, feedback.completed) == (None, False)
        assert feedback.sentiment is not None
        assert (feedback.sentiment.label, feedback.sentiment.method) == ("positive", "model")

    async def test_each_fact_follows_from_its_own_response(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {}, {}, {})
        causes = {event.id: event.correlation_id for event in await survey.emitted(account, ResponseReceived)}
        facts = {event.causation_id: event.correlation_id for event in await survey.emitted(account, FeedbackReceived)}
        assert facts == causes

    async def test_deliveries_three_times_in_any_order_change_nothing(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, *({"answers": answers(score)} for score in range(11)))
        before = await told(survey, account)
        bodies = [event.raw for event in await survey.emitted(account, ResponseReceived)] * 3
        random.Random(7).shuffle(bodies)
        for start in range(0, len(bodies), 4):
            await survey.deliver_raw(bodies[start : start + 4])
        assert await told(survey, account) == before

    async def test_one_response_under_two_event_ids_is_one_record(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {})
        [event] = await survey.emitted(account, ResponseReceived)
        await survey.deliver(event.data, account=account, subject=event.subject)
        assert len(await told(survey, account)) == 1


class TestWhoItWas:
    async def test_is_found_by_any_identifier_the_most_trusted_first(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, email="ana@example.com", external_id="crm-1")
        bo = await know_customer(survey, account, email="bo@example.com", phone="+49301234567")
        await say(
            survey,
            account,
            {"customer": {"email": "ANA@example.com"}},
            {"customer": {"phone": "+49301234567"}},
            {"customer": {"external_id": "crm-1", "email": "bo@example.com"}},
            {"customer": {"id": str(bo)}},
            {},
        )
        assert [feedback.customer_id for feedback in await told(survey, account)] == [ana, bo, ana, bo, None]
        assert await sightings(survey, account) == []

    async def test_the_same_address_in_another_account_is_somebody_else(self, survey: Harness, account: UUID) -> None:
        await know_customer(survey, new_id(), email="ana@example.com")
        await say(survey, account, {"customer": {"email": "ana@example.com"}})
        assert len(await sightings(survey, account)) == 1

    async def test_somebody_new_is_asked_for_and_told_once_they_are_known(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {"customer": {"email": "new@example.com", "name": "Nea"}})
        [sighting] = await sightings(survey, account)
        assert (sighting.customer.email, sighting.customer.name) == ("new@example.com", "Nea")
        assert await told(survey, account) == []
        nea = new_id()
        for _ in range(2):
            identified = CustomerIdentified(customer_id=nea, sighting_id=sighting.sighting_id)
            await survey.deliver(identified, account=account, subject=nea)
        [feedback] = await told(survey, account)
        assert (feedback.customer_id, feedback.response_id) == (nea, sighting.sighting_id)

    async def test_somebody_who_cannot_be_told_is_nobody(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {"customer": {"email": "shared@example.com"}})
        [sighting] = await sightings(survey, account)
        unresolved = SightingUnresolved(sighting_id=sighting.sighting_id, reason="two customers")
        await survey.deliver(unresolved, account=account, subject=sighting.sighting_id)
        assert [feedback.customer_id for feedback in await told(survey, account)] == [None]

    async def test_another_accounts_answer_to_a_sighting_changes_nothing(self, survey: Harness, account: UUID) -> None:
        await say(survey, account, {"customer": {"email": "new@example.com"}})
        [sighting] = await sightings(survey, account)
        identified = CustomerIdentified(customer_id=new_id(), sighting_id=sighting.sighting_id)
        await survey.deliver(identified, account=new_id())
        assert await told(survey, account) == []

    async def test_the_language_is_the_answers_else_the_customers_else_the_surveys(
        self, survey: Harness, account: UUID
    ) -> None:
        ana = await know_customer(survey, account, locale="pt-PT")
        text = {"answers": answers(9, "Bom")}
        await say(
            survey,
            account,
            text | {"customer": {"id": str(ana)}, "language": "es"},
            text | {"customer": {"id": str(ana)}},
            text,
            {"customer": {"id": str(ana)}},
            locale="de",
        )
        assert [feedback.language for feedback in await told(survey, account)] == ["es", "pt-PT", "de", None]
