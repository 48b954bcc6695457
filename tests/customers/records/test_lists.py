"""Walking through and searching the account's customers."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from shared.testing.harness import Harness


async def add(client: httpx.AsyncClient, *items: dict[str, Any]) -> None:
    response = await client.post("/v1/customers/bulk", json={"customers": list(items)})
    assert response.json()["failed"] == 0


async def walk(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    """All pages, following the cursor."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        response = await client.get("/v1/customers", params=params | ({"cursor": cursor} if cursor else {}))
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["data"]
        cursor = page["next_cursor"]
        assert ("link" in response.headers) == (cursor is not None)
        if cursor is None:
            return found


class TestListingCustomers:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get("/v1/customers")).status_code == 401

    async def test_shows_another_account_nothing(self, customers: Harness, account: UUID) -> None:
        await add(customers.client(account=account), {"email": "ana@example.com"})
        other = customers.client(account=new_id())
        assert await walk(other) == []
        assert await walk(other, email="ana@example.com") == []
        assert await walk(other, search="ana") == []

    @pytest.mark.parametrize("limit", [1, 3, 7, 100])
    async def test_walks_through_all_newest_first_whatever_the_page_size(
        self, customers: Harness, account: UUID, limit: int
    ) -> None:
        client = customers.client(account=account)
        await add(client, *({"external_id": f"{n:02}"} for n in range(14)))
        assert [item["external_id"] for item in await walk(client, limit=limit)] == [
            f"{n:02}" for n in range(13, -1, -1)
        ]

    async def test_misses_and_repeats_nobody_while_others_are_added(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await add(client, *({"external_id": str(n)} for n in range(6)))
        first = (await client.get("/v1/customers", params={"limit": 3})).json()
        await add(client, {"external_id": "late"})
        second = (await client.get("/v1/customers", params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [item["external_id"] for item in first["data"] + second["data"]] == ["5", "4", "3", "2", "1", "0"]

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({"email": "ANA@example.com"}, {"ana"}),
            ({"external_id": "crm-ben"}, {"ben"}),
            ({"phone": "+351 912 345 678"}, {"ana"}),
            ({"email": "ana@example.com", "external_id": "crm-ben"}, set()),
            ({"search": "ana"}, {"ana", "anabel"}),
            ({"search": "ANA S"}, {"ana"}),
            ({"search": "crm-"}, {"ana", "ben"}),
            ({"search": "ben@"}, {"ben"}),
            ({"search": "sousa"}, set()),
            ({"search": "ÉLODIE"}, {"elodie"}),
            ({"search": "%"}, set()),
        ],
    )
    async def test_finds_by_identity_and_by_how_things_begin(
        self, customers: Harness, account: UUID, params: dict[str, str], expected: set[str]
    ) -> None:
        client = customers.client(account=account)
        await add(
            client,
            {"external_id": "crm-ana", "email": "ana@example.com", "phone": "+351912345678", "name": "Ana Sousa"},
            {"external_id": "crm-ben", "email": "ben@example.com", "name": "Ben"},
            {"email": "anabel@example.com"},
            {"email": "e@example.com", "name": "Élodie"},
        )
        names = {"ana@example.com": "ana", "ben@example.com": "ben", "anabel@example.com": "anabel"}
        assert {names.get(item["email"], "elodie") for item in await walk(client, **params)} == expected

    async def test_by_an_email_that_is_none_says_so(self, customers: Harness, account: UUID) -> None:
        response = await customers.client(account=account).get("/v1/customers", params={"email": "nonsense"})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "query:email"
