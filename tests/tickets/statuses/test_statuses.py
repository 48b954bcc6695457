"""Names of one's own for the states of tickets."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.tickets import TicketUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post

PATH = "/v1/ticket-statuses"


async def name(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    return await post(client, PATH, 201, **{"name": "Waiting for the carrier", "state": "on_hold"} | fields)


class TestStatuses:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        status = await name(tickets.client(account=account))
        anonymous = tickets.anonymous()
        assert (await anonymous.post(PATH, json={"name": "x", "state": "open"})).status_code == 401
        assert (await anonymous.get(PATH)).status_code == 401
        assert (await anonymous.patch(f"{PATH}/{status['id']}", json={"name": "x"})).status_code == 401
        assert (await anonymous.delete(f"{PATH}/{status['id']}")).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        status = await name(client)
        assert (await other.get(f"{PATH}/{status['id']}")).status_code == 404
        assert (await other.patch(f"{PATH}/{status['id']}", json={"name": "x"})).status_code == 404
        assert (await other.delete(f"{PATH}/{status['id']}")).status_code == 404
        theirs = await open_ticket(other)
        given = await other.patch(f"/v1/tickets/{theirs['id']}", json={"status_id": status["id"]})
        assert given.json()["errors"][0]["code"] == "unknown_status"

    async def test_are_listed_in_their_order(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for place, called in ((2, "Third"), (0, "First"), (1, "Second")):
            await name(client, name=called, position=place)
        assert [each["name"] for each in (await get(client, PATH))["data"]] == ["First", "Second", "Third"]

    async def test_have_different_names(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await name(client)
        other = await name(client, name="Returned")
        again = await client.post(PATH, json={"name": "waiting for the CARRIER", "state": "open"})
        assert (again.status_code, again.json()["code"]) == (409, "name_taken")
        renamed = await client.patch(f"{PATH}/{other['id']}", json={"name": "Waiting for the carrier"})
        assert renamed.json()["code"] == "name_taken"
        assert (await patch(client, f"{PATH}/{other['id']}", name="RETURNED"))["version"] == 2

    @pytest.mark.parametrize("body", [{"name": ""}, {"state": "lost"}, {"position": -1}, {"state": None}])
    async def test_that_make_no_sense_are_refused(self, tickets: Harness, account: UUID, body: dict[str, Any]) -> None:
        wanted = {"name": "x", "state": "open"} | body
        assert (await tickets.client(account=account).post(PATH, json=wanted)).status_code == 422

    async def test_are_deleted_only_if_no_ticket_has_them(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        status = await name(client)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await patch(client, path, status_id=status["id"])
        refused = await client.delete(f"{PATH}/{status['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "status_in_use")
        await patch(client, path, state="open")
        assert (await client.delete(f"{PATH}/{status['id']}")).status_code == 204
        assert (await get(client, PATH))["data"] == []


class TestTheStatusOfATicket:
    async def test_brings_its_state(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        status = await name(client)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        changed = await patch(client, path, status_id=status["id"])
        assert (changed["state"], changed["status_id"]) == ("on_hold", status["id"])
        [event] = await tickets.emitted(account, TicketUpdated)
        assert isinstance(event.data, TicketUpdated)
        assert (event.data.state, event.data.status_id) == ("on_hold", UUID(status["id"]))
        last = (await get(client, f"{path}/history"))["data"][-1]
        assert last["changes"] == {"state": ["new", "on_hold"], "status_id": [None, status["id"]]}

    async def test_goes_with_its_state(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path, status = f"/v1/tickets/{(await open_ticket(client))['id']}", await name(client)
        await patch(client, path, status_id=status["id"])
        assert (await patch(client, path, subject="Still"))["status_id"] == status["id"]
        assert (await patch(client, path, state="pending"))["status_id"] is None

    async def test_changes_within_one_state_without_moving_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        first, second = await name(client), await name(client, name="Lost")
        await patch(client, path, status_id=first["id"])
        changed = await patch(client, path, status_id=second["id"])
        assert (changed["state"], changed["status_id"], changed["version"]) == ("on_hold", second["id"], 3)
        assert (await patch(client, path, status_id=None))["status_id"] is None

    async def test_that_contradicts_the_state_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path, status = f"/v1/tickets/{(await open_ticket(client))['id']}", await name(client)
        for state in ("new", "pending"):
            response = await client.patch(path, json={"state": state, "status_id": status["id"]})
            assert [problem["code"] for problem in response.json()["errors"]] == ["other_state"]
        unknown = await client.patch(path, json={"status_id": str(new_id())})
        assert [problem["pointer"] for problem in unknown.json()["errors"]] == ["/status_id"]

    async def test_by_default_is_found_like_one_that_was_given(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        usual, other = await name(client, is_default=True), await name(client, name="Lost")
        for body in ({"state": "on_hold"}, {"status_id": usual["id"]}, {"status_id": other["id"]}, {"subject": "New"}):
            await patch(client, f"/v1/tickets/{(await open_ticket(client))['id']}", **body)
        listed = await get(client, "/v1/tickets", status_id=usual["id"])
        assert [ticket["number"] for ticket in listed["data"]] == [2, 1]
        assert [t["number"] for t in (await get(client, "/v1/tickets", status_id=other["id"]))["data"]] == [3]

    async def test_has_one_default_for_each_state(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        first, second = await name(client, is_default=True), await name(client, name="Lost", is_default=True)
        assert (await get(client, f"{PATH}/{first['id']}"))["is_default"] is False
        await patch(client, f"{PATH}/{first['id']}", is_default=True)
        assert (await get(client, f"{PATH}/{second['id']}"))["is_default"] is False


class TestANewTicket:
    async def test_is_new_while_nobody_has_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        assert (await open_ticket(client))["state"] == "new"
        ana = await add_person(tickets, account, "Ana")
        assert (await open_ticket(client, assignee_id=None))["state"] == "new"
        assert (await open_ticket(client))["state"] == "open"
        assert (await open_ticket(client, assignee_id=str(ana)))["state"] == "open"

    async def test_is_open_when_somebody_gets_it_or_answers(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = str(await add_person(tickets, account, "Ana"))
        given, answered, noted, put_off = [
            f"/v1/tickets/{(await open_ticket(client, assignee_id=None))['id']}" for _ in range(4)
        ]
        assert (await patch(client, given, assignee_id=ana))["state"] == "open"
        await post(client, f"{answered}/messages", 201, text="A new box is on its way.")
        assert (await get(client, answered))["state"] == "open"
        await post(client, f"{noted}/messages", 201, text="Who takes it?", internal=True)
        assert (await get(client, noted))["state"] == "new"
        assert (await patch(client, put_off, assignee_id=ana, state="on_hold"))["state"] == "on_hold"

    async def test_never_becomes_new_again(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await patch(client, path, state="open")
        assert (await client.patch(path, json={"state": "new"})).json()["code"] == "no_way_there"
        assert (await client.patch(path, json={"state": "merged"})).json()["code"] == "no_way_there"

    async def test_runs_its_clocks_like_an_open_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        before = await get(client, f"{path}/sla")
        assert [before[target]["standing"] for target in ("first_response", "resolution")] == ["running", "running"]
        await patch(client, path, state="on_hold")
        after = await get(client, f"{path}/sla")
        assert [after[target]["standing"] for target in ("first_response", "resolution")] == ["running", "paused"]
