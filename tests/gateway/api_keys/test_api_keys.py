"""API keys: made within one's own rights, shown once, revoked for good."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from shared.auth.scopes import ALL
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business

NEW = {"name": "till", "scopes": ["tickets:read"]}


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ""), ("GET", ""), ("GET", f"/{new_id()}"), ("DELETE", f"/{new_id()}")],
    )
    async def test_nobody_anonymous(self, gateway: "Harness", method: str, path: str) -> None:
        answer = await gateway.anonymous().request(method, f"/v1/api-keys{path}", json=NEW)
        assert answer.status_code == 401

    async def test_no_other_account(
        self, gateway: "Harness", business: "Business", open_business: Callable[[], Awaitable["Business"]]
    ) -> None:
        mine = gateway.client(account=business.account_id)
        other = gateway.client(account=(await open_business()).account_id)
        made = (await mine.post("/v1/api-keys", json=NEW)).json()
        assert made["id"] not in {key["id"] for key in (await other.get("/v1/api-keys")).json()["data"]}
        assert (await other.get(f"/v1/api-keys/{made['id']}")).status_code == 404
        assert (await other.delete(f"/v1/api-keys/{made['id']}")).status_code == 404
        assert (await mine.get(f"/v1/api-keys/{made['id']}")).json()["revoked_at"] is None

    async def test_nobody_without_the_scope(self, gateway: "Harness", business: "Business") -> None:
        reader = gateway.client("api_keys:read", account=business.account_id)
        assert (await reader.post("/v1/api-keys", json=NEW)).status_code == 403


class TestMaking:
    async def test_shows_the_key_once_and_never_again(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        answer = await client.post("/v1/api-keys", json=NEW)
        assert answer.status_code == 201
        made = answer.json()
        assert made["key"].startswith("hk_")
        again = await client.get(f"/v1/api-keys/{made['id']}")
        assert "key" not in again.json()
        assert made["key"] not in (await client.get("/v1/api-keys")).text

    async def test_a_repeated_request_makes_one_key_and_does_not_repeat_the_secret(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        client = gateway.client(account=business.account_id)
        headers = {"Idempotency-Key": "till-1"}
        first = (await client.post("/v1/api-keys", json=NEW, headers=headers)).json()
        again = await client.post("/v1/api-keys", json=NEW, headers=headers)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == first | {"key": None}
        async with gateway.work(business.account_id) as work:
            stored = (
                await work.session.scalars(
                    work.tables.idempotency_keys.select().with_only_columns(work.tables.idempotency_keys.c.body)
                )
            ).all()
        assert stored
        assert all(first["key"].encode() not in body for body in stored)

    async def test_gives_no_more_than_the_maker_has(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client("api_keys:write", account=business.account_id)
        answer = await client.post("/v1/api-keys", json=NEW)
        assert (answer.status_code, answer.json()["code"]) == (403, "scopes_above_yours")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"scopes": ["tickets:delete"]}, "/scopes/0"),
            ({"scopes": []}, "/scopes"),
            ({"name": " "}, "/name"),
            ({"name": "a\x00b"}, "/name"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
            ({"expires_at": "2030-01-01T00:00:00"}, "/expires_at"),
            ({"account_id": str(new_id())}, "/account_id"),
            ({"key": "hk_mine"}, "/key"),
        ],
    )
    async def test_says_which_value_is_not_acceptable(
        self, gateway: "Harness", business: "Business", change: dict[str, object], pointer: str
    ) -> None:
        answer = await gateway.client(account=business.account_id).post("/v1/api-keys", json=NEW | change)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_is_told_to_the_audit_trail_without_the_secret(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        made = (await gateway.client(account=business.account_id).post("/v1/api-keys", json=NEW)).json()
        events = await gateway.emitted(business.account_id, APIKeyCreated)
        assert str(events[-1].subject) == made["id"]
        assert made["key"].encode() not in events[-1].raw


class TestRevoking:
    async def test_ends_the_use_of_a_key_at_once_in_this_process(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        owner = {"Authorization": f"Bearer {business.api_key}"}
        made = (await door.post("/v1/api-keys", json=NEW, headers=owner)).json()
        bearer = {"Authorization": f"Bearer {made['key']}"}
        assert (await door.get("/v1/me", headers=bearer)).status_code == 200
        assert (await door.delete(f"/v1/api-keys/{made['id']}", headers=owner)).status_code == 200
        assert (await door.get("/v1/me", headers=bearer)).status_code == 401

    async def test_twice_is_once(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        made = (await client.post("/v1/api-keys", json=NEW)).json()
        first = (await client.delete(f"/v1/api-keys/{made['id']}")).json()
        gateway.clock.advance(timedelta(minutes=1))
        second = (await client.delete(f"/v1/api-keys/{made['id']}")).json()
        assert first["revoked_at"] == second["revoked_at"]
        assert len(await gateway.emitted(business.account_id, APIKeyRevoked)) == 1


class TestListing:
    async def test_pages_through_all_keys_newest_first(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        for number in range(3):
            await client.post("/v1/api-keys", json=NEW | {"name": f"till {number}"})
        first = await client.get("/v1/api-keys", params={"limit": 3})
        rest = await client.get("/v1/api-keys", params={"limit": 3, "cursor": first.json()["next_cursor"]})
        names = [key["name"] for page in (first, rest) for key in page.json()["data"]]
        assert names == ["till 2", "till 1", "till 0", "First key"]
        assert set(rest.json()["data"][-1]["scopes"]) == ALL
