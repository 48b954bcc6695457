"""Complaint 42: what somebody may see and do depends on the team, not only on a role that holds everywhere.

Seen to fail: without the question in `cases.repository`, without the condition of lists, with members that anybody may
add.
"""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.system.resources_of_tickets import of_tickets
from tests.system.surface import Operation, operations
from tests.tickets.builders import add_customer, add_person, get, make_team, open_ticket, patch, post

POLICY = "/v1/tickets/access-policy"
THEIR_TICKETS = ("ticket_id", "loop_id", "conversation_id")


def as_person(tickets: Harness, account: UUID, person: UUID) -> httpx.AsyncClient:
    return tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(person)))


async def keep_to_teams(tickets: Harness, account: UUID, other_teams: str) -> None:
    written = await tickets.client(account=account).put(POLICY, json={"other_teams": other_teams})
    assert written.status_code == 200, written.text


async def numbers(client: httpx.AsyncClient, path: str = "/v1/tickets", **query: Any) -> list[int]:
    return sorted(ticket["number"] for ticket in (await get(client, path, **query))["data"])


class TestThePolicy:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get(POLICY)).status_code == 401
        assert (await tickets.anonymous().put(POLICY, json={})).status_code == 401

    async def test_is_each_accounts_own_and_open_at_first(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        await keep_to_teams(tickets, account, "hidden")
        assert await get(client, POLICY) == {"other_teams": "hidden", "version": 1}
        assert await get(other, POLICY) == {"other_teams": "open", "version": 0}
        stale = await client.put(POLICY, json={"other_teams": "open"}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        assert (await client.put(POLICY, json={"other_teams": "some"})).status_code == 422

    @pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("agent", 403), ("viewer", 403)])
    async def test_is_made_by_owners_and_admins(self, tickets: Harness, account: UUID, role: str, status: int) -> None:
        """Even while nobody is limited."""
        person = as_person(tickets, account, await add_person(tickets, account, "Ana", role))
        assert (await person.put(POLICY, json={"other_teams": "open"})).status_code == status


class TestEveryRoute:
    @pytest.mark.parametrize(("other_teams", "reading", "writing"), [("hidden", 404, 404), ("read_only", 200, 403)])
    async def test_of_another_teams_ticket_is_closed(
        self, tickets: Harness, account: UUID, other_teams: str, reading: int, writing: int
    ) -> None:
        """Read off the routes, so that a new one is tried from its first day."""
        owner = tickets.client(account=account)
        ids = await of_tickets(tickets, account)
        everything = [ticket["id"] for ticket in (await get(owner, "/v1/tickets"))["data"]]
        await post(owner, "/v1/tickets/bulk", ticket_ids=everything, changes={"team_id": ids["team_id"]})
        await post(owner, "/v1/tickets/bulk", ticket_ids=everything, changes={"assignee_id": None})
        await keep_to_teams(tickets, account, other_teams)
        ana = as_person(tickets, account, await add_person(tickets, account, "Ana"))
        routes = [one for one in operations(tickets.app) if set(one.ids) & set(THEIR_TICKETS)]
        assert len(routes) > 40
        wrong = {}
        for one in routes:
            wanted = writing if one.is_write else reading
            if (status := await self.sent(ana, one, ids)) != wanted and not (wanted == 200 and status < 300):
                wrong[str(one)] = status
        assert wrong == {}

    async def sent(self, client: httpx.AsyncClient, one: Operation, ids: dict[str, str]) -> int:
        return (await client.request(one.method, one.url(ids), json=one.body(ids))).status_code


class TestWhoIsLimited:
    @pytest.fixture
    async def desk(self, tickets: Harness, account: UUID) -> dict[str, Any]:
        """Ana works for Deliveries, Ben looks on there, Cem leads it, Dia has nothing to do with it. #1 is of
        Deliveries, #2 of Refunds, #3 of nobody."""
        client = tickets.client(account=account)
        people = {name: await add_person(tickets, account, name) for name in ("Ana", "Ben", "Cem", "Dia")}
        deliveries = await make_team(client, people["Ana"], lead_id=str(people["Cem"]))
        looking = await client.put(f"/v1/teams/{deliveries}/members/{people['Ben']}", json={"role": "viewer"})
        assert looking.status_code == 204
        refunds = await make_team(client, name="Refunds")
        customer = str(await add_customer(tickets, account))
        made = [
            await open_ticket(client, team_id=team, assignee_id=None, customer_id=customer, subject=f"Parcel {place}")
            for place, team in enumerate((deliveries, refunds, None))
        ]
        # Whoever got them for being the only one has them no more.
        for ticket in made:
            await patch(client, f"/v1/tickets/{ticket['id']}", assignee_id=None)
        clients = {name: as_person(tickets, account, person) for name, person in people.items()}
        return {"teams": (deliveries, refunds), "tickets": made, "ids": people} | clients

    @pytest.mark.parametrize(("who", "seen"), [("Ana", [1, 3]), ("Ben", [1, 3]), ("Cem", [1, 3]), ("Dia", [3])])
    async def test_finds_what_they_see_and_nothing_else(
        self, tickets: Harness, account: UUID, desk: dict[str, Any], who: str, seen: list[int]
    ) -> None:
        """In lists, in search, in views and one by one: the same."""
        await keep_to_teams(tickets, account, "hidden")
        async with tickets.work(account) as work:
            from services.tickets.search import service as searching

            await searching.refresh(work, [UUID(ticket["id"]) for ticket in desk["tickets"]])
        view = await post(desk[who], "/v1/ticket-views", 201, name="All", filters={})
        assert await numbers(desk[who]) == seen
        assert await numbers(desk[who], "/v1/tickets/search", q="parcel") == seen
        assert await numbers(desk[who], f"/v1/ticket-views/{view['id']}/tickets") == seen
        assert (await get(desk[who], f"/v1/ticket-views/{view['id']}/count"))["count"] == len(seen)
        one_by_one = [await desk[who].get(f"/v1/tickets/{ticket['id']}") for ticket in desk["tickets"]]
        assert [answer.json()["number"] for answer in one_by_one if answer.status_code == 200] == seen

    async def test_sees_all_of_a_search_page_by_page(
        self, tickets: Harness, account: UUID, desk: dict[str, Any]
    ) -> None:
        """A page is not shorter for what is hidden in between."""
        from services.tickets.search import service as searching

        await keep_to_teams(tickets, account, "hidden")
        async with tickets.work(account) as work:
            await searching.refresh(work, [UUID(ticket["id"]) for ticket in desk["tickets"]])
        first = await get(desk["Ana"], "/v1/tickets/search", q="parcel", limit=1)
        second = await get(desk["Ana"], "/v1/tickets/search", q="parcel", limit=1, cursor=first["next_cursor"])
        assert [page["data"][0]["number"] for page in (first, second)] == [3, 1]

    async def test_works_as_an_agent_and_looks_as_a_viewer(
        self, tickets: Harness, account: UUID, desk: dict[str, Any]
    ) -> None:
        await keep_to_teams(tickets, account, "hidden")
        path = f"/v1/tickets/{desk['tickets'][0]['id']}"
        answers = {who: await desk[who].patch(path, json={"tags": [who]}) for who in ("Ana", "Ben", "Cem", "Dia")}
        assert {who: answer.status_code for who, answer in answers.items()} == {
            "Ana": 200,
            "Ben": 403,
            "Cem": 200,
            "Dia": 404,
        }
        assert answers["Ben"].json()["code"] == "other_team"

    async def test_is_told_of_each_ticket_that_they_may_not_change(
        self, tickets: Harness, account: UUID, desk: dict[str, Any]
    ) -> None:
        await keep_to_teams(tickets, account, "hidden")
        ids = [ticket["id"] for ticket in desk["tickets"]]
        done = await post(desk["Ana"], "/v1/tickets/bulk", ticket_ids=ids, changes={"priority": "high"})
        assert [item["problem"] and item["problem"]["status"] for item in done["data"]] == [None, 404, None]

    async def test_hands_on_what_they_had_and_finishes_what_they_began(
        self, tickets: Harness, account: UUID, desk: dict[str, Any]
    ) -> None:
        """A macro that gives the ticket to another team first and adds a tag then."""
        await keep_to_teams(tickets, account, "hidden")
        actions = {"changes": {"team_id": desk["teams"][1]}, "add_tags": ["refund"]}
        macro = await post(desk["Ana"], "/v1/macros", 201, name="To refunds", actions=actions)
        mine = desk["tickets"][0]["id"]
        done = await post(desk["Ana"], f"/v1/macros/{macro['id']}/apply", ticket_ids=[mine])
        assert done["failed"] == 0, done
        assert (await desk["Ana"].get(f"/v1/tickets/{mine}")).status_code == 404

    async def test_sees_what_they_have_and_what_they_watch(
        self, tickets: Harness, account: UUID, desk: dict[str, Any]
    ) -> None:
        """Whoever is mentioned in a note has to be able to read it."""
        await keep_to_teams(tickets, account, "hidden")
        client = tickets.client(account=account)
        first, second = (f"/v1/tickets/{ticket['id']}" for ticket in desk["tickets"][:2])
        await post(client, f"{first}/messages", 201, text="@Dia, do you know her?", internal=True)
        await patch(client, second, assignee_id=str(desk["ids"]["Dia"]))
        assert await numbers(desk["Dia"]) == [1, 2, 3]
        assert (await desk["Dia"].get(first)).status_code == 200
        assert (await desk["Dia"].patch(first, json={"tags": ["x"]})).status_code == 403
        assert (await desk["Dia"].patch(second, json={"tags": ["x"]})).status_code == 200

    async def test_gets_no_hint_of_the_others(self, tickets: Harness, account: UUID, desk: dict[str, Any]) -> None:
        """Links, and suggestions of duplicates, name other tickets of the same customer."""
        client = tickets.client(account=account)
        first, second, third = (ticket["id"] for ticket in desk["tickets"])
        await client.post(f"/v1/tickets/{third}/links", json={"ticket_id": second})
        await keep_to_teams(tickets, account, "hidden")
        path = f"/v1/tickets/{third}"
        assert len((await get(client, f"{path}/links"))["data"]) == 1
        assert (await get(desk["Ana"], f"{path}/links"))["data"] == []
        found = (await get(desk["Ana"], f"{path}/duplicates"))["data"]
        assert {each["ticket_id"] for each in found} <= {first}
        linked = await desk["Ana"].post(f"{path}/links", json={"ticket_id": second})
        unknown = await desk["Ana"].post(f"{path}/links", json={"ticket_id": str(new_id())})
        assert linked.json()["errors"] == unknown.json()["errors"]

    async def test_cannot_let_themselves_in(self, tickets: Harness, account: UUID, desk: dict[str, Any]) -> None:
        await keep_to_teams(tickets, account, "hidden")
        deliveries, refunds = desk["teams"]
        dia, path = desk["Dia"], f"/v1/teams/{refunds}"
        refused = (
            await dia.put(f"{path}/members/{desk['ids']['Dia']}"),
            await dia.delete(f"{path}/members/{desk['ids']['Ana']}"),
            await dia.patch(path, json={"lead_id": str(desk["ids"]["Dia"])}),
            await dia.delete(path),
            await dia.post("/v1/teams", json={"name": "Mine"}),
            await dia.post("/v1/routing-rules", json={"name": "All", "team_id": deliveries}),
            await dia.put(POLICY, json={"other_teams": "open"}),
        )
        assert {answer.status_code for answer in refused} == {403}
        assert {answer.json()["code"] for answer in refused} == {"limited_to_teams"}

    async def test_is_let_in_by_the_lead(self, tickets: Harness, account: UUID, desk: dict[str, Any]) -> None:
        await keep_to_teams(tickets, account, "hidden")
        deliveries, refunds = desk["teams"]
        dia = desk["ids"]["Dia"]
        assert (await desk["Cem"].put(f"/v1/teams/{refunds}/members/{dia}")).status_code == 403
        assert (await desk["Cem"].put(f"/v1/teams/{deliveries}/members/{dia}")).status_code == 204
        assert await numbers(desk["Dia"]) == [1, 3]

    @pytest.mark.parametrize("role", ["owner", "admin"])
    async def test_is_no_owner_and_no_admin(
        self, tickets: Harness, account: UUID, desk: dict[str, Any], role: str
    ) -> None:
        await keep_to_teams(tickets, account, "hidden")
        boss = as_person(tickets, account, await add_person(tickets, account, "Eve", role))
        assert await numbers(boss) == [1, 2, 3]

    async def test_is_no_program(self, tickets: Harness, account: UUID, desk: dict[str, Any]) -> None:
        await keep_to_teams(tickets, account, "hidden")
        program = tickets.client(account=account, actor=Actor(ActorKind.PARTNER, str(new_id())))
        assert await numbers(program) == [1, 2, 3]


class TestAViewerOfATeam:
    async def test_is_handed_nothing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        path = f"/v1/teams/{team}/members"
        assert (await client.put(f"{path}/{ana}", json={"role": "viewer"})).status_code == 204
        assert [(m["name"], m["role"]) for m in (await get(client, path))["data"]] == [("Ana", "viewer")]
        assert (await open_ticket(client, team_id=team))["assignee_id"] is None
        assert (await client.put(f"{path}/{ana}")).status_code == 204
        assert (await open_ticket(client, team_id=team))["assignee_id"] == str(ana)

    async def test_need_not_be_who_works_on_tickets(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/teams/{await make_team(client)}/members/{await add_person(tickets, account, 'Ana', 'analyst')}"
        assert (await client.put(path)).status_code == 422
        assert (await client.put(path, json={"role": "viewer"})).status_code == 204
