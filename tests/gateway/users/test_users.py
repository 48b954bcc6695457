"""People: added, changed and removed within one's own rights."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from shared.auth.scopes import ROLES
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business

ADA = {"email": "Ada@Example.com", "name": "Ada", "role": "agent"}


def owner(gateway: "Harness", business: "Business") -> httpx.AsyncClient:
    return gateway.client(account=business.account_id)


async def add(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/users", json=ADA | changes)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ""), ("GET", ""), ("GET", f"/{new_id()}"), ("PATCH", f"/{new_id()}"), ("DELETE", f"/{new_id()}")],
    )
    async def test_nobody_anonymous(self, gateway: "Harness", method: str, path: str) -> None:
        assert (await gateway.anonymous().request(method, f"/v1/users{path}", json=ADA)).status_code == 401

    async def test_no_other_account(
        self, gateway: "Harness", business: "Business", open_business: Callable[[], Awaitable["Business"]]
    ) -> None:
        other = owner(gateway, await open_business())
        ada = await add(owner(gateway, business))
        assert ada["id"] not in {user["id"] for user in (await other.get("/v1/users")).json()["data"]}
        for method in ("GET", "PATCH", "DELETE"):
            answer = await other.request(method, f"/v1/users/{ada['id']}", json={} if method == "PATCH" else None)
            assert answer.status_code == 404

    async def test_nobody_without_the_scope(self, gateway: "Harness", business: "Business") -> None:
        agent = gateway.client(*ROLES["agent"], account=business.account_id)
        assert (await agent.post("/v1/users", json=ADA)).status_code == 403

    @pytest.mark.parametrize("change", [{"role": "owner"}, {"name": "X"}, {"password": "a-new-password"}])
    async def test_an_admin_has_no_hold_over_an_owner(
        self, gateway: "Harness", business: "Business", change: dict[str, str]
    ) -> None:
        admin = gateway.client(*ROLES["admin"], account=business.account_id)
        answer = await admin.patch(f"/v1/users/{business.owner_id}", json=change)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_above_yours")

    async def test_an_admin_makes_no_owner(self, gateway: "Harness", business: "Business") -> None:
        admin = gateway.client(*ROLES["admin"], account=business.account_id)
        assert (await admin.post("/v1/users", json=ADA | {"role": "owner"})).status_code == 403
        ada = await add(admin)
        assert (await admin.patch(f"/v1/users/{ada['id']}", json={"role": "owner"})).status_code == 403


class TestAdding:
    async def test_tells_a_made_up_password_once_that_signs_in(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        added = await add(owner(gateway, business))
        assert added["email"] == "ada@example.com"
        body = {"email": "ADA@example.com", "password": added["password"], "account_id": str(business.account_id)}
        assert (await door.post("/v1/sessions", json=body)).status_code == 201
        again = await owner(gateway, business).get(f"/v1/users/{added['id']}")
        assert "password" not in again.text

    async def test_keeps_a_chosen_password_to_itself(self, gateway: "Harness", business: "Business") -> None:
        added = await add(owner(gateway, business), password="chosen-by-ada")
        assert added["password"] is None

    async def test_tells_the_other_services(self, gateway: "Harness", business: "Business") -> None:
        added = await add(owner(gateway, business))
        (event,) = [
            event
            for event in await gateway.emitted(business.account_id, UserAdded)
            if str(event.subject) == added["id"]
        ]
        assert event.data == UserAdded(user_id=event.subject, name="Ada", email="ada@example.com", role="agent")

    async def test_an_address_is_taken_once_in_an_account_and_free_in_others(
        self, gateway: "Harness", business: "Business", open_business: Callable[[], Awaitable["Business"]]
    ) -> None:
        await add(owner(gateway, business))
        again = await owner(gateway, business).post("/v1/users", json=ADA)
        assert (again.status_code, again.json()["code"]) == (409, "email_taken")
        await add(owner(gateway, await open_business()))

    async def test_two_at_once_with_one_address_make_one(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        answers = await asyncio.gather(*(client.post("/v1/users", json=ADA) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"email": "ada"}, "/email"),
            ({"email": "a@b.c\r\nBcc: d@e.f"}, "/email"),
            ({"role": "root"}, "/role"),
            ({"password": "short"}, "/password"),
            ({"password": "x" * 201}, "/password"),
            ({"name": ""}, "/name"),
            ({"id": str(new_id())}, "/id"),
            ({"version": 9}, "/version"),
            ({"password_hash": "x"}, "/password_hash"),
        ],
    )
    async def test_says_which_value_is_not_acceptable(
        self, gateway: "Harness", business: "Business", change: dict[str, object], pointer: str
    ) -> None:
        answer = await owner(gateway, business).post("/v1/users", json=ADA | change)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


class TestChanging:
    async def test_changes_what_is_named_and_tells_the_others(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        ada = await add(client)
        changed = await client.patch(f"/v1/users/{ada['id']}", json={"role": "analyst"})
        assert (changed.json()["role"], changed.json()["name"]) == ("analyst", "Ada")
        assert changed.headers["etag"] == '"2"'
        event = (await gateway.emitted(business.account_id, UserUpdated))[-1]
        assert (event.data.role, event.aggregate_version) == ("analyst", 2)  # type: ignore[attr-defined]

    async def test_nothing_named_changes_nothing(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        ada = await add(client)
        assert (await client.patch(f"/v1/users/{ada['id']}", json={})).json()["version"] == 1
        assert await gateway.emitted(business.account_id, UserUpdated) == []

    @pytest.mark.parametrize("field", ["name", "role", "password"])
    async def test_nothing_can_be_taken_away(self, gateway: "Harness", business: "Business", field: str) -> None:
        client = owner(gateway, business)
        ada = await add(client)
        answer = await client.patch(f"/v1/users/{ada['id']}", json={field: None})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")

    async def test_a_stale_version_changes_nothing(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        ada = await add(client)
        await client.patch(f"/v1/users/{ada['id']}", json={"name": "Ada L."}, headers={"If-Match": '"1"'})
        stale = await client.patch(f"/v1/users/{ada['id']}", json={"name": "Eda"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
        assert (await client.get(f"/v1/users/{ada['id']}")).json()["name"] == "Ada L."

    async def test_a_new_role_counts_in_sessions_that_are_open(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        ada = await add(owner(gateway, business))
        await door.post(
            "/v1/sessions",
            json={"email": ADA["email"], "password": ada["password"], "account_id": str(business.account_id)},
        )
        assert "tickets:write" in (await door.get("/v1/me")).json()["scopes"]
        bearer = {"Authorization": f"Bearer {business.api_key}"}
        await door.patch(f"/v1/users/{ada['id']}", json={"role": "viewer"}, headers=bearer)
        assert "tickets:write" not in (await door.get("/v1/me")).json()["scopes"]


class TestRemoving:
    async def test_ends_the_sessions_and_the_listing(
        self, gateway: "Harness", door: httpx.AsyncClient, business: "Business"
    ) -> None:
        client = owner(gateway, business)
        ada = await add(client)
        body = {"email": ADA["email"], "password": ada["password"], "account_id": str(business.account_id)}
        await door.post("/v1/sessions", json=body)
        bearer = {"Authorization": f"Bearer {business.api_key}"}
        assert (await door.delete(f"/v1/users/{ada['id']}", headers=bearer)).status_code == 204
        assert (await door.get("/v1/me")).status_code == 401
        assert (await door.post("/v1/sessions", json=body)).status_code == 401
        assert (await client.get(f"/v1/users/{ada['id']}")).status_code == 404
        assert await gateway.emitted(business.account_id, UserRemoved)

    async def test_frees_the_address(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        await client.delete(f"/v1/users/{(await add(client))['id']}")
        await add(client)

    async def test_the_last_owner_stays(self, gateway: "Harness", business: "Business") -> None:
        client = owner(gateway, business)
        assert (await client.delete(f"/v1/users/{business.owner_id}")).json()["code"] == "last_owner"
        demotion = await client.patch(f"/v1/users/{business.owner_id}", json={"role": "admin"})
        assert demotion.json()["code"] == "last_owner"

    async def test_two_owners_cannot_remove_each_other_at_the_same_time(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        client = owner(gateway, business)
        second = await add(client, role="owner")
        answers = await asyncio.gather(
            client.delete(f"/v1/users/{business.owner_id}"), client.delete(f"/v1/users/{second['id']}")
        )
        assert sorted(answer.status_code for answer in answers) == [204, 409]
