"""API keys: made within one's own rights, shown once, revoked for good."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest

from shared.auth.publishable import account_of, identity_secret
from shared.auth.scopes import ALL
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business

NEW = {"name": "till", "scopes": ["tickets:read"]}
SHOP = "https://shop.example.com"
PUBLIC = {"name": "shop", "kind": "publishable", "scopes": [], "origins": [SHOP]}


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ""), ("GET", ""), ("GET", f"/{new_id()}"), ("DELETE", f"/{new_id()}"), ("PATCH", f"/{new_id()}")],
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
        assert (await other.patch(f"/v1/api-keys/{made['id']}", json={"name": "mine"})).status_code == 404
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
            ({"kind": "public"}, "/kind"),
            ({"origins": ["https://shop.example.com"]}, "/origins"),
            (PUBLIC | {"origins": []}, "/origins"),
            (PUBLIC | {"origins": ["shop.example.com"]}, "/origins/0"),
            (PUBLIC | {"origins": ["https://shop.example.com/path"]}, "/origins/0"),
            (PUBLIC | {"origins": ["https://*"]}, "/origins/0"),
            (PUBLIC | {"origins": ["null"]}, "/origins/0"),
            (PUBLIC | {"scopes": ["tickets:read"]}, "/scopes"),
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


class TestAPublishableKey:
    async def test_is_no_secret_and_names_its_account_and_its_web_sites(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        client = gateway.client(account=business.account_id)
        made = (await client.post("/v1/api-keys", json=PUBLIC | {"origins": ["HTTPS://Shop.example.com/"]})).json()
        assert made["key"] == made["public_key"]
        assert account_of(made["key"]) == business.account_id
        assert (made["origins"], made["scopes"]) == ([SHOP], ["feedback:write"])
        [created] = [
            e for e in await gateway.emitted(business.account_id, APIKeyCreated) if str(e.subject) == made["id"]
        ]
        assert isinstance(created.data, APIKeyCreated)
        assert (created.data.public_key, created.data.origins) == (made["key"], (SHOP,))
        assert (await client.get(f"/v1/api-keys/{made['id']}")).json()["public_key"] == made["key"]

    async def test_comes_with_a_secret_to_name_visitors_with_told_once(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        client = gateway.client(account=business.account_id)
        made = (await client.post("/v1/api-keys", json=PUBLIC)).json()
        assert made["identity_secret"] == identity_secret(gateway.runtime.settings, UUID(made["id"]))
        other = (await client.post("/v1/api-keys", json=PUBLIC)).json()
        assert other["identity_secret"] != made["identity_secret"]
        assert made["identity_secret"] not in (await client.get("/v1/api-keys")).text
        assert (await client.post("/v1/api-keys", json=NEW)).json()["identity_secret"] is None

    async def test_opens_nothing_under_v1(self, door: httpx.AsyncClient, business: "Business") -> None:
        owner = {"Authorization": f"Bearer {business.api_key}"}
        made = (await door.post("/v1/api-keys", json=PUBLIC, headers=owner)).json()
        refused = await door.get("/v1/me", headers={"Authorization": f"Bearer {made['key']}"})
        assert refused.status_code == 401
        assert "/w/" in refused.json()["detail"]

    async def test_can_be_given_other_web_sites(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        made = (await client.post("/v1/api-keys", json=PUBLIC)).json()
        path = f"/v1/api-keys/{made['id']}"
        changed = (await client.patch(path, json={"origins": ["http://localhost:3000"]})).json()
        assert (changed["origins"], changed["name"]) == (["http://localhost:3000"], "shop")
        [event] = await gateway.emitted(business.account_id, APIKeyUpdated)
        assert (event.aggregate_version, event.data.origins) == (2, ("http://localhost:3000",))  # type: ignore[attr-defined]
        await client.delete(path)
        [revoked] = await gateway.emitted(business.account_id, APIKeyRevoked)
        assert revoked.aggregate_version == 3

    async def test_a_secret_one_can_not(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        made = (await client.post("/v1/api-keys", json=NEW)).json()
        refused = await client.patch(f"/v1/api-keys/{made['id']}", json={"origins": [SHOP]})
        assert refused.json()["errors"][0]["pointer"] == "/origins"


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
