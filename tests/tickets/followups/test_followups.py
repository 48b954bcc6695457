"""What customers write after the end is never lost: it opens the ticket again, or begins another one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tickets.followups.models import FollowUpPolicy
from services.tickets.followups.service import decide
from shared.contracts.tickets import CustomerWrote, TicketOpened, TicketReopened
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, make_team, patch, post, requested
from tests.tickets.merging.test_merging import message

POLICY = "/v1/tickets/follow-up-policy"
DONE_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


async def put(client: httpx.AsyncClient, path: str = POLICY, **body: Any) -> dict[str, Any]:
    response = await client.put(path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.fixture
async def thread(tickets: Harness, account: UUID) -> UUID:
    """A conversation whose ticket Ana resolved."""
    await add_person(tickets, account, "Ana")
    thread_id, client = new_id(), tickets.client(account=account)
    await tickets.deliver(requested(thread_id=thread_id, customer_id=None), account=account)
    [ticket] = (await get(client, "/v1/tickets"))["data"]
    await post(client, f"/v1/tickets/{ticket['id']}/resolve")
    return thread_id


class TestThePolicy:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get(POLICY)).status_code == 401
        assert (await tickets.anonymous().put(POLICY, json={})).status_code == 401

    async def test_is_each_accounts_own(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        assert (await put(client, new_ticket_after_days=14, keep_assignee=False))["version"] == 1
        usual = {"new_ticket_after_days": None, "keep_assignee": True, "version": 0}
        assert await get(other, POLICY) == usual
        assert (await client.put(POLICY, json={}, headers={"If-Match": '"0"'})).status_code == 412
        assert await put(client) == usual | {"version": 2}

    @pytest.mark.parametrize("days", [-1, 4_000, "soon"])
    async def test_that_makes_no_sense_is_refused(self, tickets: Harness, account: UUID, days: Any) -> None:
        body = {"new_ticket_after_days": days}
        assert (await tickets.client(account=account).put(POLICY, json=body)).status_code == 422

    @pytest.mark.parametrize(
        ("days", "may_reopen", "after", "what"),
        [
            (None, True, timedelta(days=900), "reopen"),
            (7, True, timedelta(days=7, microseconds=-1), "reopen"),
            (7, True, timedelta(days=7), "new_ticket"),
            (0, True, timedelta(), "new_ticket"),
            (None, False, timedelta(), "new_ticket"),
        ],
    )
    def test_decides(self, days: int | None, may_reopen: bool, after: timedelta, what: str) -> None:
        policy = FollowUpPolicy(new_ticket_after_days=days, keep_assignee=True)
        assert decide(policy, DONE_AT, DONE_AT + after, may_reopen=may_reopen) == what


class TestAReplyAfterTheEnd:
    async def test_opens_the_ticket_again(self, tickets: Harness, account: UUID, thread: UUID) -> None:
        client = tickets.client(account=account)
        tickets.clock.advance(timedelta(days=90))
        await tickets.deliver(message(thread, "It broke again.", tickets.clock.now()), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        assert (ticket["state"], ticket["assignee_name"]) == ("open", "Ana")

    async def test_may_leave_it_to_whoever_takes_it(self, tickets: Harness, account: UUID, thread: UUID) -> None:
        client = tickets.client(account=account)
        await put(client, keep_assignee=False)
        tickets.clock.advance(timedelta(minutes=1))
        await tickets.deliver(message(thread, "It broke again.", tickets.clock.now()), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        assert (ticket["state"], ticket["assignee_id"]) == ("open", None)

    async def test_after_some_days_begins_another_ticket(self, tickets: Harness, account: UUID, thread: UUID) -> None:
        client = tickets.client(account=account)
        await put(client, new_ticket_after_days=7)
        tickets.clock.advance(timedelta(days=7, seconds=1))
        for text in ("It broke again.", "Hello?"):
            await tickets.deliver(message(thread, text, tickets.clock.now()), account=account)
        newer, older = (await get(client, "/v1/tickets"))["data"]
        assert (older["state"], newer["state"], newer["assignee_name"]) == ("resolved", "open", "Ana")
        said = (await get(client, f"/v1/tickets/{newer['id']}/messages"))["data"]
        assert [each["text"] for each in said] == ["It broke again.", "Hello?"]
        [link] = (await get(client, f"/v1/tickets/{newer['id']}/links"))["data"]
        assert (link["number"], link["relation"]) == (older["number"], "follow_up_of")
        told = [event.data for event in await tickets.emitted(account, CustomerWrote)]
        assert [str(e.ticket_id) for e in told if isinstance(e, CustomerWrote)] == [newer["id"]] * 2
        assert len(await tickets.emitted(account, TicketOpened)) == 2
        assert await tickets.emitted(account, TicketReopened) == []

    async def test_to_the_old_ticket_goes_where_it_was_begun(
        self, tickets: Harness, account: UUID, thread: UUID
    ) -> None:
        """Who answers the old mail once more names the old ticket by its token."""
        client = tickets.client(account=account)
        [old] = (await get(client, "/v1/tickets"))["data"]
        await put(client, new_ticket_after_days=0)
        tickets.clock.advance(timedelta(minutes=1))
        for text in ("It broke again.", "Hello?"):
            wrote = message(thread, text, tickets.clock.now())
            await tickets.deliver(wrote.model_copy(update={"ticket_id": UUID(old["id"])}), account=account)
        found = (await get(client, "/v1/tickets"))["data"]
        assert len(found) == 2
        said = (await get(client, f"/v1/tickets/{found[0]['id']}/messages"))["data"]
        assert [each["text"] for each in said] == ["It broke again.", "Hello?"]

    async def test_does_not_open_a_status_that_customers_may_not(
        self, tickets: Harness, account: UUID, thread: UUID
    ) -> None:
        client = tickets.client(account=account)
        [old] = (await get(client, "/v1/tickets"))["data"]
        status = {"name": "Settled in court", "state": "closed", "customer_may_reopen": False}
        made = await post(client, "/v1/ticket-statuses", 201, **status)
        await patch(client, f"/v1/tickets/{old['id']}", status_id=made["id"])
        tickets.clock.advance(timedelta(minutes=1))
        await tickets.deliver(message(thread, "One more thing.", tickets.clock.now()), account=account)
        newer, older = (await get(client, "/v1/tickets"))["data"]
        assert (older["state"], newer["state"]) == ("closed", "open")


class TestATeam:
    async def test_of_another_account_is_not_found(self, tickets: Harness, account: UUID) -> None:
        team, other = await make_team(tickets.client(account=account)), tickets.client(account=new_id())
        path = f"/v1/teams/{team}/follow-up-policy"
        assert (await tickets.anonymous().get(path)).status_code == 401
        assert (await other.get(path)).status_code == 404
        assert (await other.put(path, json={})).status_code == 404
        assert (await other.delete(path)).status_code == 404

    async def test_has_the_accounts_policy_until_it_has_its_own(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/teams/{await make_team(client)}/follow-up-policy"
        await put(client, new_ticket_after_days=3)
        assert (await get(client, path))["version"] == 0
        assert await put(client, path, new_ticket_after_days=9, keep_assignee=False) == {
            "new_ticket_after_days": 9,
            "keep_assignee": False,
            "version": 1,
        }
        assert (await client.put(path, json={}, headers={"If-Match": '"7"'})).status_code == 412
        assert (await get(client, POLICY))["new_ticket_after_days"] == 3
        assert (await client.delete(path)).status_code == 204
        assert (await get(client, path))["version"] == 0

    @pytest.mark.parametrize(("late", "tickets_after"), [(timedelta(), 2), (timedelta(seconds=-1), 1)])
    async def test_decides_for_its_tickets_at_its_own_border(
        self, tickets: Harness, account: UUID, thread: UUID, late: timedelta, tickets_after: int
    ) -> None:
        """Nothing is lost on either side of it."""
        client = tickets.client(account=account)
        [old] = (await get(client, "/v1/tickets"))["data"]
        team = await make_team(client, UUID(old["assignee_id"]))
        await self.give_to_team(client, old, team)
        await put(client, new_ticket_after_days=None)
        await put(client, f"/v1/teams/{team}/follow-up-policy", new_ticket_after_days=2)
        tickets.clock.advance(timedelta(days=2) + late)
        await tickets.deliver(message(thread, "It broke again.", tickets.clock.now()), account=account)
        found = (await get(client, "/v1/tickets"))["data"]
        assert len(found) == tickets_after
        assert (found[0]["team_id"], found[0]["assignee_name"], found[0]["state"]) == (team, "Ana", "open")
        said = (await get(client, f"/v1/tickets/{found[0]['id']}/messages"))["data"]
        assert [each["text"] for each in said] == ["It broke again."]

    async def test_that_keeps_nobody_gets_it_into_its_queue(
        self, tickets: Harness, account: UUID, thread: UUID
    ) -> None:
        client = tickets.client(account=account)
        [old] = (await get(client, "/v1/tickets"))["data"]
        team = await make_team(client)
        await self.give_to_team(client, old, team)
        await put(client, f"/v1/teams/{team}/follow-up-policy", new_ticket_after_days=0, keep_assignee=False)
        tickets.clock.advance(timedelta(minutes=1))
        await tickets.deliver(message(thread, "It broke again.", tickets.clock.now()), account=account)
        newer, _ = (await get(client, "/v1/tickets"))["data"]
        assert (newer["team_id"], newer["assignee_id"], newer["state"]) == (team, None, "new")
        assert newer["queued_at"] is not None

    async def test_that_is_gone_has_no_say(self, tickets: Harness, account: UUID, thread: UUID) -> None:
        client = tickets.client(account=account)
        [old] = (await get(client, "/v1/tickets"))["data"]
        team = await make_team(client)
        await self.give_to_team(client, old, team)
        assert (await client.delete(f"/v1/teams/{team}")).status_code == 204
        await put(client, new_ticket_after_days=0)
        tickets.clock.advance(timedelta(minutes=1))
        await tickets.deliver(message(thread, "It broke again.", tickets.clock.now()), account=account)
        newer, _ = (await get(client, "/v1/tickets"))["data"]
        assert (newer["team_id"], newer["assignee_name"]) == (None, "Ana")

    async def give_to_team(self, client: httpx.AsyncClient, ticket: dict[str, Any], team: str) -> None:
        await patch(client, f"/v1/tickets/{ticket['id']}", team_id=team, assignee_id=ticket["assignee_id"])
