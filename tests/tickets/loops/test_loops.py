"""The closed loop: from what a customer said to whether it helped."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.feedback import FeedbackUpdated
from shared.contracts.labels import Sentiment
from shared.contracts.tickets import LoopAdvanced
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import answered, get, open_ticket, post, requested

HAPPY = Sentiment(label="positive", score=0.8, method="lexicon")
ANGRY = Sentiment(label="negative", score=-0.8, method="lexicon")


async def followed_up(tickets: Harness, account: UUID) -> str:
    """The id of a ticket that a rule asked for because of a rating of 20."""
    await tickets.deliver(requested(), account=account)
    [ticket] = (await get(tickets.client(account=account), "/v1/tickets"))["data"]
    return str(ticket["id"])


async def loop_of(client: httpx.AsyncClient) -> dict[str, Any]:
    [loop] = (await get(client, "/v1/loops"))["data"]
    assert isinstance(loop, dict)
    return loop


async def stages(tickets: Harness, account: UUID) -> list[str]:
    events = [event.data for event in await tickets.emitted(account, LoopAdvanced)]
    return [event.stage for event in events if isinstance(event, LoopAdvanced)]


class TestListingLoops:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get("/v1/loops")).status_code == 401

    async def test_shows_another_account_nothing(self, tickets: Harness, account: UUID) -> None:
        await followed_up(tickets, account)
        assert (await get(tickets.client(account=new_id()), "/v1/loops"))["data"] == []

    async def test_filters_by_stage_and_customer(self, tickets: Harness, account: UUID) -> None:
        client, customer = tickets.client(account=account), new_id()
        await tickets.deliver(requested(customer_id=customer), account=account)
        await tickets.deliver(requested(), account=account)
        [mine] = (await get(client, "/v1/loops", customer_id=str(customer)))["data"]
        await post(client, f"/v1/tickets/{mine['ticket_id']}/resolve")
        assert [loop["number"] for loop in (await get(client, "/v1/loops", stage="fixed"))["data"]] == [mine["number"]]
        waiting = (await get(client, "/v1/loops", stage="needs_follow_up"))["data"]
        assert [loop["ticket_id"] == mine["ticket_id"] for loop in waiting] == [False]
        assert (await client.get("/v1/loops?stage=lost")).status_code == 422

    async def test_walks_from_the_newest_to_the_oldest(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for _ in range(3):
            await tickets.deliver(requested(), account=account)
        first = await get(client, "/v1/loops", limit=2)
        rest = await get(client, "/v1/loops", limit=2, cursor=first["next_cursor"])
        assert [loop["number"] for loop in first["data"] + rest["data"]] == [3, 2, 1]

    async def test_leaves_out_tickets_that_nobody_said_anything_about(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        assert (await get(client, "/v1/loops"))["data"] == []


class TestAdvancing:
    async def test_goes_from_the_complaint_to_the_new_rating(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Sorry")
        tickets.clock.advance(timedelta(hours=1))
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        tickets.clock.advance(timedelta(hours=1))
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now()), account=account)
        loop = await loop_of(client)
        assert (loop["stage"], loop["before"], loop["after"], loop["round"]) == ("re_measured", 20, 100, 1)
        assert loop["needs_follow_up_at"] == loop["contacted_at"] == "2026-03-02T09:00:00Z"
        assert loop["fixed_at"] == "2026-03-02T10:00:00Z"
        assert loop["confirmed_at"] == loop["re_measured_at"] == "2026-03-02T11:00:00Z"
        advanced = ["needs_follow_up", "contacted", "fixed", "confirmed", "re_measured"]
        assert await stages(tickets, account) == advanced

    async def test_passes_over_stages_that_never_were(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Is it good now?")
        assert await stages(tickets, account) == ["needs_follow_up", "fixed"]
        assert (await loop_of(client))["contacted_at"] is None

    async def test_a_bad_rating_measures_but_confirms_nothing(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now(), score=1), account=account)
        loop = await loop_of(client)
        assert (loop["stage"], loop["after"], loop["confirmed_at"]) == ("re_measured", 0, None)
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["state"] == "resolved"

    async def test_good_words_without_a_rating_confirm(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        for mood in (ANGRY, HAPPY):
            said = answered(UUID(ticket_id), tickets.clock.now(), score=None, sentiment=mood)
            await tickets.deliver(said, account=account)
        loop = await loop_of(client)
        assert (loop["stage"], loop["after"]) == ("confirmed", None)

    async def test_ignores_what_was_said_before_the_fix(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        said = answered(UUID(ticket_id), tickets.clock.now())
        await tickets.deliver(said, account=account)
        tickets.clock.advance(timedelta(hours=1))
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        late = answered(UUID(ticket_id), tickets.clock.now() - timedelta(minutes=1))
        await tickets.deliver(late, account=account)
        assert (await loop_of(client))["stage"] == "fixed"

    async def test_ignores_feedback_about_other_things(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        by_hand = await open_ticket(client)
        for ticket in (ticket_id, by_hand["id"]):
            await post(client, f"/v1/tickets/{ticket}/resolve")
        for other in (None, new_id(), UUID(by_hand["id"])):
            said = answered(new_id(), tickets.clock.now()).model_copy(update={"ticket_id": other})
            await tickets.deliver(said, account=account)
        assert (await loop_of(client))["stage"] == "fixed"

    async def test_of_another_account_is_out_of_reach(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now()), account=new_id())
        assert (await loop_of(client))["stage"] == "fixed"


class TestReopening:
    async def test_starts_the_next_round(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Sorry")
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        early = answered(UUID(ticket_id), tickets.clock.now(), score=1)
        await tickets.deliver(early, account=account)
        tickets.clock.advance(timedelta(hours=1))
        await post(client, f"/v1/tickets/{ticket_id}/reopen", reason="It was not good")
        loop = await loop_of(client)
        assert (loop["stage"], loop["round"], loop["before"], loop["after"]) == ("needs_follow_up", 2, 20, None)
        assert [loop[f"{stage}_at"] for stage in ("contacted", "fixed", "confirmed", "re_measured")] == [None] * 4

        await tickets.deliver(answered(UUID(ticket_id), early.occurred_at), account=account)
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Better?")
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await tickets.deliver(answered(UUID(ticket_id), early.occurred_at), account=account)
        assert (await loop_of(client))["stage"] == "fixed"
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now(), score=4), account=account)
        loop = await loop_of(client)
        assert (loop["stage"], loop["after"]) == ("re_measured", 75)


class TestSeveralAnswers:
    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
    async def test_leave_the_same_loop_in_whatever_order_they_come(
        self, tickets: Harness, account: UUID, order: tuple[int, ...]
    ) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        now = tickets.clock.now()
        said = [
            answered(UUID(ticket_id), now + timedelta(minutes=1), score=None, sentiment=HAPPY),
            answered(UUID(ticket_id), now + timedelta(minutes=2), score=5),
            answered(UUID(ticket_id), now + timedelta(minutes=3), score=2),
        ]
        bodies = [tickets.event(payload, account=account) for payload in said]
        for position in order:
            for _ in range(3):
                await tickets.deliver_raw([bodies[position]])
        loop = await loop_of(client)
        assert (loop["stage"], loop["after"]) == ("re_measured", 25)
        assert (loop["confirmed_at"], loop["re_measured_at"]) == ("2026-03-02T09:01:00Z", "2026-03-02T09:03:00Z")
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["version"] == 5


class TestSecondThoughts:
    @pytest.mark.parametrize(("reason", "stage"), [("edited", "re_measured"), ("corrected", "fixed")])
    async def test_of_a_review_measure_again_once_it_is_fixed(
        self, tickets: Harness, account: UUID, *, reason: str, stage: str
    ) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        feedback_id = (await loop_of(client))["feedback_id"]
        said = answered(new_id(), tickets.clock.now()).model_copy(update={"ticket_id": None, "kind": "review"})
        values = dict(said) | {"feedback_id": UUID(feedback_id), "reason": reason}
        await tickets.deliver(FeedbackUpdated(**values), account=account, version=2)
        assert (await loop_of(client))["after"] is None
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        tickets.clock.advance(timedelta(hours=1))
        await tickets.deliver(FeedbackUpdated(**values), account=account, version=3)
        loop = await loop_of(client)
        assert (loop["stage"], loop["after"]) == (stage, 100 if stage == "re_measured" else None)
