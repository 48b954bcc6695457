"""Saved lists of tickets."""

from typing import Any
from uuid import UUID

import pytest

from services.tickets.views import service as views
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post

PATH = "/v1/ticket-views"


class TestViews:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        view = await post(tickets.client(account=account), PATH, 201, name="All")
        anonymous = tickets.anonymous()
        for path in (PATH, f"{PATH}/{view['id']}", f"{PATH}/{view['id']}/tickets", f"{PATH}/{view['id']}/count"):
            assert (await anonymous.get(path)).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        view = await post(tickets.client(account=account), PATH, 201, name="All", shared=True)
        other = tickets.client(account=new_id())
        for path in ("", "/tickets", "/count"):
            assert (await other.get(f"{PATH}/{view['id']}{path}")).status_code == 404
        assert (await other.delete(f"{PATH}/{view['id']}")).status_code == 404

    async def test_show_and_count_what_is_in_them(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for priority in ("low", "urgent", "urgent"):
            await open_ticket(client, priority=priority)
        made = await post(
            client, PATH, 201, name="Urgent", filters={"priority": ["urgent"]}, sort="opened_at", columns=["number"]
        )
        listed = await get(client, f"{PATH}/{made['id']}/tickets")
        assert [ticket["number"] for ticket in listed["data"]] == [2, 3]
        assert await get(client, f"{PATH}/{made['id']}/count") == {"count": 2, "more": False}

    async def test_count_to_a_limit(self, tickets: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(views, "COUNTED_TO", 2)
        client = tickets.client(account=account)
        view = await post(client, PATH, 201, name="All")
        for _ in range(3):
            await open_ticket(client)
        assert await get(client, f"{PATH}/{view['id']}/count") == {"count": 2, "more": True}

    async def test_are_ones_own_unless_they_are_shared(self, tickets: Harness, account: UUID) -> None:
        ana, ben = [str(await add_person(tickets, account, name)) for name in ("Ana", "Ben")]
        by_ana, by_ben = (tickets.client(account=account, actor=Actor(ActorKind.HUMAN, each)) for each in (ana, ben))
        view = await post(by_ana, PATH, 201, name="Mine", filters={"mine": True})
        path = f"{PATH}/{view['id']}"
        assert (await by_ben.get(path)).status_code == 404
        assert (await by_ben.patch(path, json={"shared": True})).status_code == 404
        assert (await get(by_ben, PATH))["data"] == []
        assert (await patch(by_ana, path, shared=True))["version"] == 2
        await open_ticket(by_ana, assignee_id=ben)
        assert (await get(by_ben, f"{path}/count"))["count"] == 1
        assert (await get(by_ana, f"{path}/count"))["count"] == 0

    async def test_are_not_overwritten_by_who_read_an_older_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"{PATH}/{(await post(client, PATH, 201, name='All'))['id']}"
        await patch(client, path, name="Everything")
        assert (await client.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize(
        "body",
        [
            {"name": ""},
            {"filters": {"state": ["lost"]}},
            {"filters": {"colour": "red"}},
            {"sort": "x"},
            {"columns": [""]},
        ],
    )
    async def test_that_make_no_sense_are_refused(self, tickets: Harness, account: UUID, body: dict[str, Any]) -> None:
        assert (await tickets.client(account=account).post(PATH, json={"name": "x"} | body)).status_code == 422
