"""A rule may say which team a ticket is for; that it cannot be so is no reason to lose it."""

from uuid import UUID

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, make_rule, make_team, open_ticket, requested


class TestTheTeamOfARule:
    async def test_counts_before_the_routing_rules(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        await make_rule(client, await make_team(client, name="Everything"))
        # Known to nobody who has opened tickets before.
        await open_ticket(client)
        refunds = await make_team(client, ana, name="Refunds")
        await tickets.deliver(requested(team_id=UUID(refunds)), account=account)
        ticket = (await get(client, "/v1/tickets"))["data"][0]
        assert (ticket["team_id"], ticket["assignee_name"]) == (refunds, "Ana")

    async def test_that_is_gone_leaves_it_to_them_and_a_note(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        everything = await make_team(client, name="Everything")
        await make_rule(client, everything)
        await tickets.deliver(requested(team_id=new_id()), account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        assert ticket["team_id"] == everything
        [note] = (await get(client, f"/v1/tickets/{ticket['id']}/messages"))["data"]
        assert note["internal"]
        assert "names a team that is not there any more" in note["text"]
