"""Many activities at once: JSON calls and files."""

import asyncio
import json
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.activities import ActivityCorrected, ActivityRecorded
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/activities/bulk"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


def order(number: int, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "customer": {"email": f"c{number % 3}@example.com"},
        "kind": "purchase",
        "amount": {"amount": "10.00", "currency": "EUR"},
        "source": "shop",
        "source_id": f"order-{number}",
    }
    return values | changes


async def sent(client: httpx.AsyncClient, items: list[Any]) -> dict[str, Any]:
    response = await client.post(PATH, json={"activities": items})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


class TestJSON:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json={"activities": [order(1)]})).status_code == 401

    async def test_needs_the_right_to_write(self, customers: Harness, account: UUID) -> None:
        client = customers.client("customers:read", account=account)
        assert (await client.post(PATH, json={"activities": [order(1)]})).status_code == 403

    async def test_is_of_one_account_only(self, customers: Harness, account: UUID) -> None:
        for of in (account, new_id()):
            assert (await sent(customers.client(account=of), [order(1)]))["created"] == 1

    async def test_answers_for_each_and_keeps_the_good(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        items = [order(1), order(2, kind="gossip"), 7, order(1), order(3, customer={"id": str(new_id())})]
        found = await sent(client, items)
        statuses = [item["status"] for item in found["data"]]
        assert statuses == ["created", "failed", "failed", "duplicate", "failed"]
        assert found["data"][3]["id"] == found["data"][0]["id"]
        pointers = [[error["pointer"] for error in item["errors"]] for item in found["data"]]
        assert pointers == [[], ["/kind"], [""], [], ["/customer/id"]]
        counts = {name: found[name] for name in ("received", "created", "corrected", "duplicates", "failed")}
        assert counts == {"received": 5, "created": 1, "corrected": 0, "duplicates": 1, "failed": 3}
        assert len(await customers.emitted(account, ActivityRecorded)) == 1

    async def test_takes_versions_of_the_same_one_in_turn(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        prices = [
            ({"amount": f"{price}.00", "currency": "EUR"}, version) for price, version in ((1, 1), (3, 3), (2, 2))
        ]
        found = await sent(client, [order(1, amount=amount, version=version) for amount, version in prices])
        assert [item["status"] for item in found["data"]] == ["created", "corrected", "duplicate"]
        [kept] = (await client.get("/v1/activities")).json()["data"]
        assert (kept["amount"]["amount"], kept["version"]) == ("3.00", 3)
        told = await customers.emitted(account, ActivityRecorded, ActivityCorrected)
        assert [event.aggregate_version for event in told] == [1, 3]

    @pytest.mark.parametrize(
        ("content", "status", "pointer"),
        [
            (b"{", 400, None),
            (b"[]", 422, "/activities"),
            (b'{"activities": []}', 422, "/activities"),
            (b'{"activities": {}}', 422, "/activities"),
            (b'{"activities": [' + b"0," * 1_000 + b"0]}", 422, "/activities"),
        ],
    )
    async def test_says_what_is_wrong_with_the_whole(
        self, customers: Harness, account: UUID, content: bytes, status: int, pointer: str | None
    ) -> None:
        headers = {"Content-Type": "application/json"}
        response = await customers.client(account=account).post(PATH, content=content, headers=headers)
        assert response.status_code == status
        assert [error["pointer"] for error in response.json().get("errors", [])] == ([pointer] if pointer else [])

    async def test_larger_than_8_mebibytes_is_too_large(self, customers: Harness, account: UUID) -> None:
        response = await customers.client(account=account).post(PATH, json={"activities": ["x" * 8_400_000]})
        assert response.status_code == 413

    async def test_with_a_key_is_answered_alike_once_more(self, customers: Harness, account: UUID) -> None:
        client, key = customers.client(account=account), {"Idempotency-Key": "k-1"}
        answers = [await client.post(PATH, json={"activities": [order(1)]}, headers=key) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        assert answers[1].headers["idempotent-replayed"] == "true"

    async def test_at_the_same_time_records_each_once(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        items = [order(number) for number in range(60)]
        found = await asyncio.gather(*(sent(client, items[turn:] + items[:turn]) for turn in (0, 20, 40)))
        statuses = Counter(item["status"] for body in found for item in body["data"])
        assert statuses == {"created": 60, "duplicate": 120}
        assert len(await customers.emitted(account, ActivityRecorded)) == 60


class TestFiles:
    async def test_of_any_length_are_recorded_and_bad_lines_are_named(self, customers: Harness, account: UUID) -> None:
        lines = [json.dumps(order(number)) for number in range(1_200)]
        lines[700] = "gossip"
        lines.insert(5, "")
        client = customers.client(account=account)
        response = await client.post(PATH, content="\n".join(lines).encode(), headers=NDJSON)
        found = response.json()
        assert (found["received"], found["created"], found["failed"]) == (1_200, 1_199, 1)
        [bad] = found["data"]
        assert (bad["index"], bad["line"], bad["errors"][0]["code"]) == (700, 702, "json")

    async def test_with_columns_are_read_by_their_header(self, customers: Harness, account: UUID) -> None:
        content = (
            "source;source_id;customer.external_id;kind;name;occurred_at;amount;currency;version;properties.note\r\n"
            'crm;1;c-1;purchase;;2026-01-01T10:00:00Z;12.50;EUR;;"two\r\nlines; here"\r\n'
            "crm;2;c-1;custom;called;;;;2;\r\n"
            "crm;3;c-1;purchase;;;twelve;EUR;;\r\n"
            "crm;4\r\n"
        )
        client = customers.client(account=account)
        found = (await client.post(PATH, content=content.encode(), headers=CSV)).json()
        assert (found["created"], found["failed"]) == (2, 2)
        named = [(item["line"], item["errors"][0]["pointer"]) for item in found["data"]]
        assert named == [(5, "/amount/amount"), (6, "")]
        second, first = (await client.get("/v1/activities")).json()["data"]
        assert (first["properties"], first["amount"]["amount"]) == ({"note": "two\r\nlines; here"}, "12.50")
        assert (second["name"], second["version"]) == ("called", 2)

    @pytest.mark.parametrize("header", ["kind,kind", "kind,nonsense", "source_id", "kind,customer.shoe", "kind,id"])
    async def test_with_a_header_that_nobody_understands_are_refused(
        self, customers: Harness, account: UUID, header: str
    ) -> None:
        client = customers.client(account=account)
        response = await client.post(PATH, content=f"{header}\nvisit,1\n".encode(), headers=CSV)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "csv:header")

    async def test_of_another_kind_are_refused(self, customers: Harness, account: UUID) -> None:
        headers = {"Content-Type": "application/pdf"}
        response = await customers.client(account=account).post(PATH, content=b"%PDF", headers=headers)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "header:Content-Type")

    async def test_sent_again_change_nothing(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        content = "\n".join(json.dumps(order(number)) for number in range(10)).encode()
        for created, duplicates in ((10, 0), (0, 10)):
            found = (await client.post(PATH, content=content, headers=NDJSON)).json()
            assert (found["created"], found["duplicates"]) == (created, duplicates)
