"""What was said somewhere becomes one record, whatever the order, the number and the company it comes in."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.hearing.canonical import version_of
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.feedback import FeedbackReceived, FeedbackUpdated
from shared.contracts.survey import CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import know_customer
from tests.survey.hearing.making import SAID_AT, Sender, heard, outcomes, review


async def told(survey: Harness, account: UUID) -> list[FeedbackReceived | FeedbackUpdated]:
    events = await survey.emitted(account, FeedbackReceived, FeedbackUpdated)
    return [event.data for event in events if isinstance(event.data, FeedbackReceived | FeedbackUpdated)]


async def sightings(survey: Harness, account: UUID) -> list[CustomerSighted]:
    events = await survey.emitted(account, CustomerSighted)
    return [event.data for event in events if isinstance(event.data, CustomerSighted)]


async def shown(survey: Harness, account: UUID) -> list[dict[str, Any]]:
    answer = await survey.client(account=account).get("/v1/feedback")
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


class TestOnce:
    async def test_a_review_is_told_with_all_there_is_to_know(self, survey: Harness, account: UUID) -> None:
        item = review(
            given=2,
            title="Late",
            text="The parcel came late.",
            language="en",
            url="https://reviews.example/r-1",
            product_ref="sku-1",
            location_ref="lisbon",
            verified=True,
        )
        [answer] = await heard(survey, account, source := Sender(), item)
        [feedback] = await told(survey, account)
        assert (answer.feedback_id, answer.outcome) == (feedback.feedback_id, "new")
        assert (feedback.kind, feedback.source, feedback.source_id) == ("review", "trustpilot", source.id)
        assert (feedback.external_id, feedback.title, feedback.text) == ("r-1", "Late", "The parcel came late.")
        assert (feedback.author_name, feedback.verified, feedback.customer_id) == ("Ana", True, None)
        assert (feedback.product_ref, feedback.location_ref) == ("sku-1", "lisbon")
        assert feedback.rating is not None
        assert (feedback.rating.scheme, feedback.rating.value, feedback.rating.normalised) == ("rating", 2, 25)
        assert feedback.sentiment is not None
        assert (feedback.sentiment.label, feedback.sentiment.method) == ("negative", "rating")
        assert [topic.key for topic in feedback.topics] == ["delivery", "late_delivery"]

    async def test_the_same_a_hundred_times_at_once_is_one(self, survey: Harness, account: UUID) -> None:
        source, item, at_once = Sender(), review(), asyncio.Semaphore(12)

        async def again() -> list[str]:
            async with at_once:
                return await outcomes(survey, account, source, item)

        got = await asyncio.gather(*(again() for _ in range(100)))
        assert sorted(outcome for [outcome] in got) == ["new", *["same"] * 99]
        assert len(await told(survey, account)) == len(await shown(survey, account)) == 1

    async def test_many_at_once_in_any_order_are_each_one(self, survey: Harness, account: UUID) -> None:
        source, chance = Sender(), random.Random(3)
        said = [review(f"r-{number}", str(version), text=f"{version}") for number in range(5) for version in range(3)]
        calls = [chance.sample(said, 8) for _ in range(12)]
        await asyncio.gather(*(outcomes(survey, account, source, *call) for call in calls))
        assert len(await shown(survey, account)) == 5
        assert len([each for each in await told(survey, account) if isinstance(each, FeedbackReceived)]) == 5

    async def test_twice_in_one_call_is_one(self, survey: Harness, account: UUID) -> None:
        assert await outcomes(survey, account, Sender(), review(), review(), review("r-2")) == ["new", "same", "new"]

    async def test_the_same_id_at_another_source_or_account_is_another(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        await heard(survey, account, source, review())
        assert await outcomes(survey, account, Sender(), review()) == ["new"]
        assert len(await shown(survey, account)) == 2
        assert await shown(survey, new_id()) == []

    async def test_characters_that_no_database_stores_are_left_out(self, survey: Harness, account: UUID) -> None:
        await heard(survey, account, Sender(), review(text="Good\x00 one \\u0000"))
        assert [each["text"] for each in await shown(survey, account)] == ["Good one \\u0000"]
        [told] = await survey.emitted(account, FeedbackReceived)
        assert told.raw.count(b"\\u0000") == 1


class TestVersions:
    async def test_an_edit_replaces_what_was_said(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        await heard(survey, account, source, review(given=1, text="Awful."))
        assert await outcomes(survey, account, source, review(version="2", given=5, text="Solved!")) == ["edited"]
        first, edited = await told(survey, account)
        assert isinstance(edited, FeedbackUpdated)
        assert (edited.feedback_id, edited.reason, edited.text) == (first.feedback_id, "edited", "Solved!")
        assert edited.rating is not None
        assert edited.first_rating is not None
        assert (edited.first_rating.value, edited.rating.value) == (1, 5)
        assert edited.sentiment is not None
        assert edited.sentiment.label == "positive"

    @pytest.mark.parametrize("at_once", [True, False])
    async def test_an_older_version_never_replaces_a_newer_one(
        self, survey: Harness, account: UUID, *, at_once: bool
    ) -> None:
        source = Sender()
        new = review(version="2026-03-02T10:00:00.123456789Z", text="new")
        old = review(version="2026-03-01T10:00:00Z", text="old")
        if at_once:
            assert await outcomes(survey, account, source, new, old) == ["new", "same"]
        else:
            await heard(survey, account, source, new)
            assert await outcomes(survey, account, source, old) == ["same"]
        assert [each["text"] for each in await shown(survey, account)] == ["new"]

    async def test_an_edit_may_return_to_what_was_said_before(self, survey: Harness, account: UUID) -> None:
        source, times = Sender(), [survey.clock.now() + timedelta(hours=n) for n in range(4)]
        kind, harsh = (review(version=version_of(words), text=words) for words in ("Fine.", "Bad."))
        said = [kind, harsh, kind, kind]
        told_at = [
            await outcomes(survey, account, source, each, said_at=at) for each, at in zip(said, times, strict=True)
        ]
        assert told_at == [["new"], ["edited"], ["edited"], ["same"]]
        assert [each["text"] for each in await shown(survey, account)] == ["Fine."]
        # Read again, as they were sent: nobody says anything new by that.
        again = [
            await outcomes(survey, account, source, each, said_at=at) for each, at in zip(said, times, strict=True)
        ]
        assert again == [["same"]] * 4
        assert [each["text"] for each in await shown(survey, account)] == ["Fine."]

    async def test_what_is_gone_is_not_back_by_an_edit_without_a_time(self, survey: Harness, account: UUID) -> None:
        source, now = Sender(), survey.clock.now()
        kind, harsh = (review(version=version_of(words), text=words) for words in ("Fine.", "Bad."))
        await outcomes(survey, account, source, kind, said_at=now)
        await outcomes(survey, account, source, review(op="delete", version="gone"), said_at=now + timedelta(hours=1))
        assert await outcomes(survey, account, source, harsh, said_at=now + timedelta(hours=2)) == ["same"]

    async def test_only_the_delivery_that_said_it_corrects_it(self, survey: Harness, account: UUID) -> None:
        source, sent, other = Sender(), new_id(), new_id()
        misread, read = review(text="Misread."), review(text="Read.")
        assert await outcomes(survey, account, source, misread, delivery_id=sent) == ["new"]
        assert await outcomes(survey, account, source, read, delivery_id=other) == ["same"]
        assert await outcomes(survey, account, source, read) == ["same"]
        assert await outcomes(survey, account, source, read, delivery_id=sent) == ["edited"]
        assert await outcomes(survey, account, source, read, delivery_id=sent) == ["same"]
        assert [each["text"] for each in await shown(survey, account)] == ["Read."]

    async def test_nothing_new_in_a_new_version_is_not_told(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        await heard(survey, account, source, review())
        assert await outcomes(survey, account, source, review(version="2")) == ["same"]
        assert len(await told(survey, account)) == 1

    async def test_what_a_colleague_corrected_stays_while_the_words_do(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        [first] = await heard(survey, account, source, review())
        client = survey.client(account=account)
        corrected = await client.patch(
            f"/v1/feedback/{first.feedback_id}",
            json={"sentiment": "negative", "urgency": "high"},
            headers={"If-Match": '"1"'},
        )
        assert corrected.status_code == 200, corrected.text

        async def labels() -> list[tuple[str, str]]:
            return [(each["sentiment"]["label"], each["urgency"]["label"]) for each in await shown(survey, account)]

        await heard(survey, account, source, review(version="2", url="https://reviews.example/moved"))
        assert await labels() == [("negative", "high")]
        await heard(survey, account, source, review(version="3", text="Good in the end."))
        assert await labels() == [("positive", "low")]


class TestRemoval:
    async def test_marks_it_and_keeps_the_words(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        await heard(survey, account, source, review())
        assert await outcomes(survey, account, source, review(op="delete", given=None, text=None)) == ["removed"]
        removed = (await told(survey, account))[-1]
        assert isinstance(removed, FeedbackUpdated)
        assert (removed.reason, removed.removed, removed.text) == ("removed", True, "It was fine.")

    async def test_comes_before_what_it_removes(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        await heard(survey, account, source, review(op="delete"))
        assert await outcomes(survey, account, source, review()) == ["same"]
        assert await told(survey, account) == []

    async def test_at_the_same_moment_leaves_nothing(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        said = [review(f"r-{number}") for number in range(6)]
        gone = [review(f"r-{number}", op="delete") for number in range(6)]
        calls = [item for pair in zip(said, gone, strict=True) for item in pair]
        await asyncio.gather(*(outcomes(survey, account, source, item) for item in calls))
        assert [each["external_id"] for each in await shown(survey, account) if each["removed_at"] is None] == []

    async def test_is_taken_back_by_a_later_version_alone(self, survey: Harness, account: UUID) -> None:
        source = Sender()
        later = (SAID_AT + timedelta(days=2)).isoformat()
        await heard(survey, account, source, review(version=SAID_AT.isoformat()))
        await heard(survey, account, source, review(version=(SAID_AT + timedelta(days=1)).isoformat(), op="delete"))
        assert await outcomes(survey, account, source, review(version="1", text="stale")) == ["same"]
        assert await outcomes(survey, account, source, review(version=later)) == ["edited"]
        assert [each["removed_at"] for each in await shown(survey, account)] == [None]


class TestWhoItWas:
    async def test_a_known_customer_is_found_at_once(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account, email="ana@example.com")
        await heard(survey, account, Sender(), review(author={"email": " ANA@example.com"}))
        assert [each.customer_id for each in await told(survey, account)] == [ana]
        assert await sightings(survey, account) == []

    async def test_somebody_else_is_asked_for_and_told_once_they_are_known(
        self, survey: Harness, account: UUID
    ) -> None:
        author = {"name": "Bo", "handle": "u-7", "verified": False}
        [answer] = await heard(survey, account, Sender(), review(author=author, order_ref="#1001"))
        [sighting] = await sightings(survey, account)
        assert (sighting.sighting_id, sighting.verified) == (answer.feedback_id, False)
        assert (sighting.customer.order, sighting.customer.handle) == ("#1001", "trustpilot:u-7")
        assert await told(survey, account) == []
        bo = new_id()
        await survey.deliver(
            CustomerIdentified(customer_id=bo, sighting_id=sighting.sighting_id), account=account, subject=bo
        )
        assert [each.customer_id for each in await told(survey, account)] == [bo]

    async def test_an_edit_that_comes_before_the_answer_is_what_is_told(self, survey: Harness, account: UUID) -> None:
        source, author = Sender(), {"email": "new@example.com"}
        await heard(survey, account, source, review(author=author))
        await heard(survey, account, source, review(version="2", author=author, text="Edited."))
        [sighting] = await sightings(survey, account)
        unresolved = SightingUnresolved(sighting_id=sighting.sighting_id, reason="two customers")
        await survey.deliver(unresolved, account=account, subject=sighting.sighting_id)
        [feedback] = await told(survey, account)
        assert (feedback.text, feedback.customer_id) == ("Edited.", None)

    async def test_an_edit_may_say_who_it_was(self, survey: Harness, account: UUID) -> None:
        source, ana = Sender(), new_id()
        await heard(survey, account, source, review())
        await heard(survey, account, source, review(version="2", order_ref="#1001", text="Of order 1001."))
        [sighting] = await sightings(survey, account)
        answer = CustomerIdentified(customer_id=ana, sighting_id=sighting.sighting_id)
        for _ in range(2):
            await survey.deliver(answer, account=account, subject=ana)
        facts = [(getattr(each, "reason", None), each.customer_id) for each in await told(survey, account)]
        assert facts == [(None, None), ("edited", None), ("identified", ana)]

    async def test_who_wants_to_be_nobody_is_nobody(self, survey: Harness, account: UUID) -> None:
        await heard(survey, account, Sender(), review(author={"handle": "u-7", "anonymous": True}, order_ref="#1001"))
        assert [each.customer_id for each in await told(survey, account)] == [None]
        assert await sightings(survey, account) == []
