"""What lay behind a ticket: named by a topic in use, asked for where the account wants it, suggested by the words.

Seen to fail: the check of the key, the check at every way into resolved, the version of the topics, the version of the
feedback, the erasure that a late event would undo.
"""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.tickets.causes import service as causes
from services.tickets.feedback.models import KnownFeedback
from shared.contracts.feedback import FeedbackErased, FeedbackUpdated
from shared.contracts.labels import Topic
from shared.contracts.taxonomy import TaxonomyChanged
from shared.contracts.tickets import TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, learn_topics, open_ticket, patch, post, requested, unhappy

ALLOWANCES = dict.fromkeys(("needs_follow_up_seconds", "contacted_seconds", "fixed_seconds", "confirmed_seconds"))
TOPICS = (
    Topic(key="delivery", evidence=("parcel",)),
    Topic(key="late", evidence=("two weeks", "late"), parent="delivery"),
)


async def known_feedback(tickets: Harness, account: UUID) -> list[KnownFeedback]:
    async with tickets.work(account) as work:
        mine = select(KnownFeedback).where(KnownFeedback.account_id == account)
        return list(await work.session.scalars(mine.order_by(KnownFeedback.feedback_id)))


class TestNamingACause:
    async def test_is_kept_told_and_found_by_it(self, tickets: Harness, account: UUID) -> None:
        await learn_topics(tickets, account)
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        await open_ticket(client)
        found = {"root_cause": "late", "corrective_action": "Another carrier for the islands"}
        resolved = await post(client, f"/v1/tickets/{ticket['id']}/resolve", 200, reason="Sent again", **found)
        assert {name: resolved[name] for name in found} == found
        assert [one["id"] for one in (await get(client, "/v1/tickets", root_cause="late"))["data"]] == [ticket["id"]]
        [told] = [event.data for event in await tickets.emitted(account, TicketResolved)]
        assert isinstance(told, TicketResolved)
        assert (told.root_cause, told.corrective_action) == ("late", "Another carrier for the islands")
        history = (await get(client, f"/v1/tickets/{ticket['id']}/history"))["data"]
        assert history[1]["changes"]["root_cause"] == [None, "late"]

    async def test_may_be_told_after_it_was_resolved(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/resolve")
        assert (await post(client, f"{path}/resolve", root_cause="late"))["root_cause"] == "late"
        assert (await patch(client, path, root_cause=None))["root_cause"] is None
        assert len(await tickets.emitted(account, TicketResolved)) == 1

    @pytest.mark.parametrize(("key", "said"), [("lost", "not the key"), ("gone", "not the key"), ("slow", "`late`")])
    async def test_takes_a_topic_in_use(self, tickets: Harness, account: UUID, key: str, said: str) -> None:
        await learn_topics(tickets, account)
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        for answer in (
            await client.post(f"{path}/resolve", json={"root_cause": key}),
            await client.patch(path, json={"root_cause": key}),
        ):
            assert answer.status_code == 422
            [problem] = answer.json()["errors"]
            assert (problem["pointer"], problem["code"]) == ("/root_cause", "unknown_cause")
            assert said in problem["detail"]

    async def test_older_topics_do_not_come_back(self, tickets: Harness, account: UUID) -> None:
        await learn_topics(tickets, account)
        await tickets.deliver(TaxonomyChanged(topics=()), account=account, subject=account, version=1)
        async with tickets.work(account) as work:
            known = await causes.of_account(work)
        assert (known.label("late"), known.present("slow"), known.former("late")) == (
            "Delivery › Late",
            "late",
            ["late", "slow"],
        )


class TestAsking:
    @pytest.fixture
    async def path(self, tickets: Harness, account: UUID) -> str:
        client = tickets.client(account=account)
        wanted = {"required_at_resolve": ["corrective_action", "root_cause"], "allowances": ALLOWANCES}
        answer = await client.put("/v1/loops/policy", json=wanted)
        assert answer.status_code == 200, answer.text
        return f"/v1/tickets/{(await open_ticket(client))['id']}"

    async def test_holds_for_every_way_to_resolve(self, tickets: Harness, account: UUID, path: str) -> None:
        client = tickets.client(account=account)
        for answer in (
            await client.post(f"{path}/resolve", json={"corrective_action": "None"}),
            await client.patch(path, json={"state": "resolved", "corrective_action": "None"}),
        ):
            assert answer.status_code == 422
            assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/root_cause"]
        assert (await get(client, path))["version"] == 1
        both = {"root_cause": "late", "corrective_action": "Another carrier"}
        assert (await patch(client, path, state="resolved", **both))["state"] == "resolved"

    async def test_keeps_no_ticket_from_other_states(self, tickets: Harness, account: UUID, path: str) -> None:
        client = tickets.client(account=account)
        assert (await patch(client, path, state="pending"))["state"] == "pending"


class TestSuggesting:
    async def test_needs_a_credential_and_a_ticket_of_ones_own(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        path = f"/v1/tickets/{ticket['id']}/suggested-causes"
        assert (await tickets.anonymous().get(path)).status_code == 401
        assert (await tickets.client(account=new_id()).get(path)).status_code == 404

    async def test_goes_by_the_words_parts_before_wholes(self, tickets: Harness, account: UUID) -> None:
        await learn_topics(tickets, account)
        said = unhappy(tickets.clock.now(), topics=TOPICS)
        await tickets.deliver(said, account=account, subject=said.feedback_id)
        ticket = await open_ticket(tickets.client(account=account), feedback_id=str(said.feedback_id))
        found = await get(tickets.client(account=account), f"/v1/tickets/{ticket['id']}/suggested-causes")
        assert found["data"] == [
            {"key": "late", "name": "Delivery › Late", "evidence": ["two weeks", "late"]},
            {"key": "delivery", "name": "Delivery", "evidence": ["parcel"]},
        ]

    async def test_has_nothing_for_a_ticket_by_hand(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        assert (await get(client, f"/v1/tickets/{ticket['id']}/suggested-causes"))["data"] == []


class TestKnowingFeedback:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    async def test_the_newest_version_stands(self, tickets: Harness, account: UUID, order: tuple[int, int]) -> None:
        said = unhappy(tickets.clock.now(), topics=TOPICS)
        values: dict[str, Any] = dict(said) | {"topics": TOPICS[:1], "reason": "corrected"}
        subject = said.feedback_id
        bodies = [
            tickets.event(said, account=account, subject=subject, version=1),
            tickets.event(FeedbackUpdated(**values), account=account, subject=subject, version=2),
        ]
        for place in order:
            await tickets.deliver_raw([bodies[place]])
        [known] = await known_feedback(tickets, account)
        assert (known.keys, known.band, known.rating, known.version) == (["delivery"], "negative", 0, 2)

    async def test_what_was_taken_back_stays_away(self, tickets: Harness, account: UUID) -> None:
        customer = await add_customer(tickets, account)
        said = unhappy(tickets.clock.now(), topics=TOPICS, customer_id=customer)
        erased = FeedbackErased(
            feedback_id=said.feedback_id,
            response_id=None,
            survey_id=None,
            customer_id=customer,
            reason="respondent",
            erased_at=tickets.clock.now(),
        )
        await tickets.deliver(erased, account=account, subject=said.feedback_id, version=2)
        await tickets.deliver(said, account=account, subject=said.feedback_id, version=3)
        [known] = await known_feedback(tickets, account)
        assert (known.gone, known.keys, known.customer_id) == (True, [], None)

    async def test_of_a_request_by_a_rule_is_found_too(self, tickets: Harness, account: UUID) -> None:
        """The ticket may come before the feedback does."""
        said = unhappy(tickets.clock.now(), topics=TOPICS[1:])
        await tickets.deliver(requested(feedback_id=said.feedback_id), account=account)
        client = tickets.client(account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        path = f"/v1/tickets/{ticket['id']}/suggested-causes"
        assert (await get(client, path))["data"] == []
        await tickets.deliver(said, account=account, subject=said.feedback_id)
        assert [cause["key"] for cause in (await get(client, path))["data"]] == ["late"]
