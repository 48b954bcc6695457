"""Fields of an account's own, and what they demand."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tickets.fields.values import LARGEST_NUMBER, Kind, fit
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, open_ticket, patch, post

PATH = "/v1/ticket-fields"


async def define(client: httpx.AsyncClient, key: str = "order", kind: str = "text", **more: Any) -> dict[str, Any]:
    return await post(client, PATH, 201, key=key, kind=kind, **more)


class TestFields:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        field = await define(tickets.client(account=account))
        anonymous = tickets.anonymous()
        assert (await anonymous.post(PATH, json={"key": "x", "kind": "text"})).status_code == 401
        assert (await anonymous.get(PATH)).status_code == 401
        assert (await anonymous.patch(f"{PATH}/{field['id']}", json={"label": "x"})).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        field = await define(tickets.client(account=account))
        other = tickets.client(account=new_id())
        assert (await other.get(f"{PATH}/{field['id']}")).status_code == 404
        assert (await other.delete(f"{PATH}/{field['id']}")).status_code == 404
        refused = await other.post("/v1/tickets", json={"subject": "x", "fields": {"order": "1"}})
        assert refused.json()["errors"][0]["code"] == "unknown_field"

    async def test_have_different_keys(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client)
        again = await client.post(PATH, json={"key": "order", "kind": "number"})
        assert (again.status_code, again.json()["code"]) == (409, "key_taken")

    @pytest.mark.parametrize(
        "body",
        [
            {"key": "Order"},
            {"kind": "money"},
            {"kind": "choice"},
            {"choices": [{"value": "a"}]},
            {"kind": "choice", "choices": [{"value": "a"}, {"value": "a"}]},
            {"required_in": ["open"]},
            {"required_in": ["new"]},
        ],
    )
    async def test_that_make_no_sense_are_refused(self, tickets: Harness, account: UUID, body: dict[str, Any]) -> None:
        wanted = {"key": "order", "kind": "text"} | body
        assert (await tickets.client(account=account).post(PATH, json=wanted)).status_code == 422

    async def test_are_changed_and_deleted(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        field = await define(client, kind="choice", choices=[{"value": "a"}])
        path = f"{PATH}/{field['id']}"
        changed = await patch(client, path, label="Order", choices=[{"value": "b", "label": "Bee"}])
        assert (changed["label"], changed["choices"]) == ("Order", [{"value": "b", "label": "Bee"}])
        assert (await client.patch(path, json={"choices": []})).status_code == 422
        assert (await client.patch(path, json={"label": "x"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.delete(path)).status_code == 204
        assert (await get(client, PATH))["data"] == []


class TestAValue:
    @pytest.mark.parametrize(
        ("kind", "value", "kept"),
        [
            ("text", " 1017 ", "1017"),
            ("number", 2, 2),
            ("number", -0.5, -0.5),
            ("boolean", False, False),
            ("date", "2026-03-31", "2026-03-31"),
            ("choice", "red", "red"),
            ("choices", ["blue", "red", "blue"], ["red", "blue"]),
        ],
    )
    def test_that_fits_is_kept(self, kind: Kind, value: Any, kept: Any) -> None:
        assert fit(kind, ["red", "blue"], value) == kept

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("text", " "),
            ("text", "x" * 2_001),
            ("text", 7),
            ("number", True),
            ("number", "7"),
            ("number", float("nan")),
            ("number", LARGEST_NUMBER + 1),
            ("boolean", 1),
            ("boolean", "true"),
            ("date", "2026-02-30"),
            ("date", "tomorrow"),
            ("date", 20260331),
            ("choice", "green"),
            ("choice", ["red"]),
            ("choices", "red"),
            ("choices", []),
            ("choices", ["green"]),
        ],
    )
    def test_that_does_not_fit_is_refused(self, kind: Kind, value: Any) -> None:
        with pytest.raises(ValueError, match="must be"):
            fit(kind, ["red", "blue"], value)


class TestFieldsOfATicket:
    async def test_are_set_when_it_is_opened_and_changed_one_by_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client)
        await define(client, "pieces", "number")
        ticket = await open_ticket(client, fields={"order": "1017", "pieces": 2})
        path = f"/v1/tickets/{ticket['id']}"
        assert ticket["fields"] == (await get(client, path))["fields"] == {"order": "1017", "pieces": 2}
        changed = await patch(client, path, fields={"pieces": 3})
        assert changed["fields"] == {"order": "1017", "pieces": 3}
        assert (await patch(client, path, fields={"order": None}))["fields"] == {"pieces": 3}
        changes = [change["changes"] for change in (await get(client, f"{path}/history"))["data"]]
        assert changes == [{}, {"fields.pieces": [2, 3]}, {"fields.order": ["1017", None]}]

    async def test_are_set_with_an_idempotency_key_too(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client)
        body = {"subject": "x", "fields": {"order": "1017"}}
        answer = await client.post("/v1/tickets", json=body, headers={"Idempotency-Key": "k"})
        assert answer.json()["fields"] == {"order": "1017"}

    async def test_that_do_not_fit_are_named(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client, "pieces", "number")
        wrong = {"subject": "x", "fields": {"pieces": "two", "colour": "red"}}
        problems = (await client.post("/v1/tickets", json=wrong)).json()["errors"]
        assert {(each["pointer"], each["code"]) for each in problems} == {
            ("/fields/pieces", "misfit"),
            ("/fields/colour", "unknown_field"),
        }
        assert (await get(client, "/v1/tickets"))["data"] == []

    async def test_stay_to_be_read_when_the_field_is_gone(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        field = await define(client)
        path = f"/v1/tickets/{(await open_ticket(client, fields={'order': '1017'}))['id']}"
        await client.delete(f"{PATH}/{field['id']}")
        assert (await get(client, path))["fields"] == {"order": "1017"}
        assert (await client.patch(path, json={"fields": {"order": "1018"}})).status_code == 422
        assert (await patch(client, path, fields={"order": None}))["fields"] == {}


class TestARequiredField:
    """T13: enforced here, not in somebody's browser."""

    async def test_holds_for_every_way_into_the_state(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client, "cause", "choice", choices=[{"value": "carrier"}], required_in=["resolved", "on_hold"])
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        status = await post(client, "/v1/ticket-statuses", 201, name="Waiting for the carrier", state="on_hold")
        refused = [
            await client.post(f"{path}/resolve"),
            await client.patch(path, json={"state": "resolved"}),
            await client.patch(path, json={"state": "on_hold"}),
            await client.patch(path, json={"status_id": status["id"]}),
        ]
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (422, "fields_missing")
            assert [each["pointer"] for each in answer.json()["errors"]] == ["/fields/cause"]
        assert (await get(client, path))["version"] == 1
        assert (await patch(client, path, state="pending"))["state"] == "pending"
        assert (await patch(client, path, state="resolved", fields={"cause": "carrier"}))["state"] == "resolved"

    async def test_cannot_be_cleared_in_the_state(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await define(client, required_in=["on_hold"])
        path = f"/v1/tickets/{(await open_ticket(client, fields={'order': '1017'}))['id']}"
        await patch(client, path, state="on_hold")
        assert (await client.patch(path, json={"fields": {"order": None}})).json()["code"] == "fields_missing"
        assert (await patch(client, path, state="open", fields={"order": "1018"}))["fields"] == {"order": "1018"}

    async def test_does_not_keep_anybody_from_opening_or_answering(self, tickets: Harness, account: UUID) -> None:
        client, customer = tickets.client(account=account), await add_customer(tickets, account)
        await define(client, required_in=["pending", "on_hold", "resolved", "closed"])
        ticket = await open_ticket(client, customer_id=str(customer))
        await post(client, f"/v1/tickets/{ticket['id']}/messages", 201, text="Which order?")
        assert (await get(client, f"/v1/tickets/{ticket['id']}"))["state"] == "open"
