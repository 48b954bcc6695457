"""Notes about a customer: on the timeline, each account's own, and gone with whom they are about.

Seen to fail: another customer's note or an entry of another kind changed, a stale change, one that is not given back.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.customers.subjects.part import HOLDINGS
from shared.contracts.customers import NoteChanged
from shared.ids import new_id
from shared.subjects.holdings import erase, lines_of
from shared.testing.harness import Harness


async def customer(client: httpx.AsyncClient, email: str = "ana@example.com") -> str:
    return str((await client.post("/v1/customers", json={"email": email})).json()["id"])


async def leave(client: httpx.AsyncClient, customer_id: str, text: str = "Prefers the phone") -> dict[str, Any]:
    answer = await client.post(f"/v1/customers/{customer_id}/notes", json={"text": text})
    assert answer.status_code == 201, answer.text
    note: dict[str, Any] = answer.json()
    return note


async def timeline(client: httpx.AsyncClient, customer_id: str) -> list[dict[str, Any]]:
    found = await client.get(f"/v1/customers/{customer_id}/timeline", params={"kind": "note"})
    entries: list[dict[str, Any]] = found.json()["data"]
    return entries


async def test_stand_on_the_timeline_with_their_author(customers: Harness, account: UUID) -> None:
    client = customers.client(account=account)
    ana = await customer(client)
    first = await leave(client, ana, "  Prefers the phone ")
    customers.clock.advance(timedelta(minutes=1))
    await leave(client, ana, '=HYPERLINK("x") <b>\u202e')
    assert [entry["text"] for entry in await timeline(client, ana)] == [
        '=HYPERLINK("x") <b>\u202e',
        "Prefers the phone",
    ]
    assert (first["author"], first["edited_at"], first["version"]) == ("human:tester", None, 1)
    told = [event.data for event in await customers.emitted(account, NoteChanged)]
    assert {each.customer_id for each in told if isinstance(each, NoteChanged)} == {UUID(ana)}


async def test_are_edited_where_they_stand_and_removed(customers: Harness, account: UUID) -> None:
    client = customers.client(account=account)
    ana = await customer(client)
    note = await leave(client, ana)
    path = f"/v1/customers/{ana}/notes/{note['id']}"
    customers.clock.advance(timedelta(minutes=1))
    edited = await client.put(path, json={"text": "Prefers mails"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert edited.json() == note | {"text": "Prefers mails", "version": 2, "edited_at": "2026-03-02T09:01:00Z"}
    assert await timeline(client, ana) == [edited.json()]
    stale = {"If-Match": '"1"'}
    assert (await client.put(path, json={"text": "x"}, headers=stale)).status_code == 412
    assert (await client.delete(path, headers=stale)).status_code == 412
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == (await client.delete(path)).status_code == 404
    assert await timeline(client, ana) == []
    changes = [event.data.change for event in await customers.emitted(account, NoteChanged)]  # type: ignore[attr-defined]
    assert changes == ["left", "edited", "removed"]


async def test_are_for_this_accounts_people_and_about_this_customer(customers: Harness, account: UUID) -> None:
    client = customers.client(account=account)
    ana, ben = await customer(client), await customer(client, "ben@example.com")
    note = await leave(client, ana)
    path = f"/v1/customers/{ana}/notes"
    assert (await customers.anonymous().post(path, json={"text": "x"})).status_code == 401
    assert (await customers.client("customers:read", account=account).post(path, json={"text": "x"})).status_code == 403
    stranger = customers.client(account=new_id())
    assert (await stranger.get(f"{path}/{note['id']}")).status_code == 404
    assert (await stranger.post(path, json={"text": "x"})).status_code == 404
    assert (await client.get(f"/v1/customers/{ben}/notes/{note['id']}")).status_code == 404


@pytest.mark.parametrize("text", ["", "  ", "x" * 5_001, "\0", 7])
async def test_say_something_of_a_length(customers: Harness, account: UUID, text: Any) -> None:
    client = customers.client(account=account)
    answer = await client.post(f"/v1/customers/{await customer(client)}/notes", json={"text": text})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/text")


async def test_no_other_entry_is_changed_by_their_path(customers: Harness, account: UUID) -> None:
    client = customers.client(account=account)
    ana = await customer(client)
    await customers.deliver_raw([event.raw for event in await customers.emitted(account)])
    [created] = (await client.get(f"/v1/customers/{ana}/timeline")).json()["data"]
    path = f"/v1/customers/{ana}/notes/{created['id']}"
    assert (await client.put(path, json={"text": "x"})).status_code == 404
    assert (await client.delete(path)).status_code == 404


async def test_go_back_with_an_identity_and_away_with_a_person(customers: Harness, account: UUID) -> None:
    client = customers.client(account=account)
    ana, ben = await customer(client), await customer(client, "ben@example.com")
    await leave(client, ana, "About Ana")
    await leave(client, ben, "About Ben")
    merged = await client.post(f"/v1/customers/{ana}/merge", json={"customer_id": ben, "keep": ana})
    assert merged.status_code == 201, merged.text
    await leave(client, ben, "Since then")
    assert {entry["text"] for entry in await timeline(client, ana)} == {"About Ana", "About Ben", "Since then"}
    assert (await client.post(f"/v1/customers/{ana}/unmerge", json={"customer_id": ben})).status_code == 200
    assert {entry["text"] for entry in await timeline(client, ben)} == {"About Ben", "Since then"}
    async with customers.work(account) as work:
        lines, _ = await lines_of(work, HOLDINGS, [UUID(ben)])
        assert b"About Ben" in lines
        await erase(work, HOLDINGS, [UUID(ben)], "delete", new_id())
    assert [entry["text"] for entry in await timeline(client, ana)] == ["About Ana"]
    async with customers.work(account) as work:
        assert b"About Ben" not in (await lines_of(work, HOLDINGS, [UUID(ben)]))[0]
