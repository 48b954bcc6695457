"""What the resolution of a ticket says to those who ask the customer how it was."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.tickets import Satisfaction, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, make_team, open_ticket, patch, post

PATH = "/v1/tickets/satisfaction-policy"


async def asked(tickets: Harness, account: UUID) -> Satisfaction:
    """Of the last ticket that was resolved."""
    event = (await tickets.emitted(account, TicketResolved))[-1]
    assert isinstance(event.data, TicketResolved)
    assert event.data.satisfaction is not None
    return event.data.satisfaction


class TestThePolicy:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        team, anonymous = await make_team(tickets.client(account=account)), tickets.anonymous()
        for path in (PATH, f"/v1/teams/{team}/satisfaction-policy"):
            assert (await anonymous.get(path)).status_code == 401
            assert (await anonymous.put(path, json={})).status_code == 401

    async def test_of_another_accounts_team_is_not_found(self, tickets: Harness, account: UUID) -> None:
        team, other = await make_team(tickets.client(account=account)), tickets.client(account=new_id())
        path = f"/v1/teams/{team}/satisfaction-policy"
        assert (await other.get(path)).status_code == 404
        assert (await other.put(path, json={"kind": "ces"})).status_code == 404
        assert (await other.delete(path)).status_code == 404

    async def test_is_replaced_as_a_whole(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        assert (await get(client, PATH))["version"] == 0
        written = await client.put(PATH, json={"kind": "ces", "delay_seconds": 60})
        assert written.json() == {"ask": True, "kind": "ces", "survey_id": None, "delay_seconds": 60, "version": 1}
        stale = await client.put(PATH, json={}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        assert (await client.put(PATH, json={"kind": "stars"})).status_code == 422


class TestWhenATicketIsResolved:
    async def test_the_team_and_the_agent_are_those_of_that_moment(self, tickets: Harness, account: UUID) -> None:
        """T12: later changes do not erase who had it."""
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        path = f"/v1/tickets/{(await open_ticket(client, team_id=team))['id']}"
        await post(client, f"{path}/resolve")
        await patch(client, path, assignee_id=None)
        [event] = await tickets.emitted(account, TicketResolved)
        assert isinstance(event.data, TicketResolved)
        assert (event.data.assignee_id, str(event.data.team_id)) == (ana, team)

    async def test_whoever_asks_decides_if_there_is_no_policy(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await post(client, f"/v1/tickets/{(await open_ticket(client))['id']}/resolve")
        assert await asked(tickets, account) == Satisfaction(
            ask=True, why_not=None, kind=None, survey_id=None, delay_seconds=None
        )

    async def test_the_teams_policy_counts_before_the_accounts(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        team, survey = await make_team(client), new_id()
        theirs = f"/v1/teams/{team}/satisfaction-policy"
        await client.put(PATH, json={"kind": "ces", "delay_seconds": 60})
        await client.put(theirs, json={"survey_id": str(survey)})
        for fields, wanted in (
            ({}, ("ces", None, 60)),
            ({"team_id": team}, ("csat", survey, None)),
        ):
            await post(client, f"/v1/tickets/{(await open_ticket(client, **fields))['id']}/resolve")
            found = await asked(tickets, account)
            assert (found.kind, found.survey_id, found.delay_seconds) == wanted
        assert (await client.delete(theirs)).status_code == 204
        await post(client, f"/v1/tickets/{(await open_ticket(client, team_id=team))['id']}/resolve")
        assert (await asked(tickets, account)).kind == "ces"

    async def test_nobody_is_asked_if_the_policy_says_so(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await client.put(PATH, json={"ask": False})
        await patch(client, f"/v1/tickets/{(await open_ticket(client))['id']}", state="resolved")
        found = await asked(tickets, account)
        assert (found.ask, found.why_not) == (False, "the policy says not to ask")

    async def test_asking_is_skipped_for_a_reason_that_stays_readable(self, tickets: Harness, account: UUID) -> None:
        """Complaint 19: resolve without CSAT."""
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/resolve", satisfaction={"skip": "It was our own test"})
        found = await asked(tickets, account)
        assert (found.ask, found.why_not) == (False, "It was our own test")
        last = (await get(client, f"{path}/history"))["data"][-1]
        assert last["changes"]["satisfaction"] == [None, "skipped: It was our own test"]

    @pytest.mark.parametrize("skip", [{}, {"skip": " "}, {"skip": None}])
    async def test_no_reason_is_no_reason(self, tickets: Harness, account: UUID, skip: dict[str, Any]) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        assert (await client.post(f"{path}/resolve", json={"satisfaction": skip})).status_code == 422
        assert (await get(client, path))["state"] == "new"
