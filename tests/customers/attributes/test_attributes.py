"""Attributes that an account defines hold values of their kind, whichever way these come in."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/attributes"
KINDS: dict[str, dict[str, Any]] = {
    "text": {},
    "number": {},
    "boolean": {},
    "date": {},
    "time": {},
    "choice": {"choices": [{"value": "gold", "label": "Gold"}, {"value": "silver"}]},
}


async def define(client: httpx.AsyncClient, kind: str, name: str = "a", **more: Any) -> dict[str, Any]:
    response = await client.post(PATH, json={"name": name, "kind": kind, **KINDS[kind], **more})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


class TestDefinitions:
    async def test_need_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json={"name": "a", "kind": "text"})).status_code == 401
        assert (await customers.anonymous().get(PATH)).status_code == 401

    async def test_stay_in_their_own_account(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        made = await define(client, "number")
        assert (await other.get(PATH)).json()["data"] == []
        path = f"{PATH}/{made['id']}"
        answers = [await other.get(path), await other.patch(path, json={"label": "x"}), await other.delete(path)]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert (await other.post("/v1/customers", json={"email": "a@example.com", "attributes": {"a": "x"}})).is_success

    async def test_are_listed_by_name_with_their_choices(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await define(client, "choice", "tier", label="Tier")
        await define(client, "date", "birthday")
        found = (await client.get(PATH)).json()["data"]
        assert [(item["name"], item["label"]) for item in found] == [("birthday", "birthday"), ("tier", "Tier")]
        assert found[1]["choices"] == [{"value": "gold", "label": "Gold"}, {"value": "silver", "label": "silver"}]

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "no blanks", "kind": "text"},
            {"name": "a", "kind": "colour"},
            {"name": "a", "kind": "choice"},
            {"name": "a", "kind": "text", "choices": [{"value": "x"}]},
            {"name": "a", "kind": "choice", "choices": [{"value": "x"}, {"value": "x"}]},
        ],
    )
    async def test_that_make_no_sense_are_refused(
        self, customers: Harness, account: UUID, body: dict[str, Any]
    ) -> None:
        assert (await customers.client(account=account).post(PATH, json=body)).status_code == 422

    async def test_exist_once_for_each_name(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await define(client, "number")
        response = await client.post(PATH, json={"name": "a", "kind": "text"})
        assert (response.status_code, response.json()["code"]) == (409, "attribute_exists")

    async def test_count_values_that_were_there_before_and_do_not_fit(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for n, value in enumerate([1, "1", True, "gold", "2026-03-01", "2026-03-01T12:00:00Z"]):
            await client.post("/v1/customers", json={"external_id": str(n), "attributes": {"a": value}})
        await client.post("/v1/customers", json={"external_id": "none"})
        expected = {"text": 2, "number": 5, "boolean": 5, "date": 5, "time": 5, "choice": 5}
        found = {}
        for kind in KINDS:
            made = await define(client, kind)
            found[kind] = made["misfits"]
            assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 204
        assert found == expected

    async def test_can_be_changed_but_not_by_two_at_once(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        made = await define(client, "choice")
        path, body = f"{PATH}/{made['id']}", {"choices": [{"value": "bronze"}], "label": "Tier"}
        changed = await client.patch(path, json=body, headers={"If-Match": '"1"'})
        assert (changed.json()["label"], changed.json()["choices"][0]["value"]) == ("Tier", "bronze")
        assert (await client.patch(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.patch(path, json={"choices": []})).status_code == 422


class TestValues:
    @pytest.mark.parametrize(
        ("kind", "good", "bad"),
        [
            ("text", ["x", "1"], [1, True]),
            ("number", [1, -2.5, 0], ["1", True]),
            ("boolean", [True, False], [1, "true"]),
            ("date", ["2026-03-01"], ["01.03.2026", "2026-02-30", "2026-03-01T12:00:00Z", 20260301]),
            ("time", ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00+01:00"], ["2026-03-01T12:00:00", "noon", 12]),
            ("choice", ["gold", "silver"], ["Gold", "bronze", True]),
        ],
    )
    async def test_have_to_be_of_their_kind_or_are_named(
        self, customers: Harness, account: UUID, kind: str, good: list[Any], bad: list[Any]
    ) -> None:
        client = customers.client(account=account)
        await define(client, kind)
        for value in good:
            answer = await client.post("/v1/customers", json={"external_id": "1", "attributes": {"a": value}})
            assert answer.is_success, answer.text
        for value in bad:
            answer = await client.post("/v1/customers", json={"external_id": "1", "attributes": {"a": value}})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/attributes/a"), value
        removed = await client.post("/v1/customers", json={"external_id": "1", "attributes": {"a": None}})
        assert removed.json()["attributes"] == {}

    async def test_are_checked_on_every_way_in(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await define(client, "number")
        ana = (await client.post("/v1/customers", json={"external_id": "1"})).json()["id"]
        wrong = {"attributes": {"a": "x"}}
        assert (await client.patch(f"/v1/customers/{ana}", json=wrong)).status_code == 422
        items = [{"external_id": "1", **wrong}, {"external_id": "2", "attributes": {"a": 1, "free": "x"}}]
        answer = (await client.post("/v1/customers/bulk", json={"customers": items})).json()
        assert [item["status"] for item in answer["data"]] == ["failed", "created"]
        assert answer["data"][0]["errors"][0]["pointer"] == "/attributes/a"
