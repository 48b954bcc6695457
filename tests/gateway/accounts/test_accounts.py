"""Accounts, and who the caller is."""

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.auth.scopes import ALL
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.gateway import AccountCreated, UserAdded
from shared.ids import new_id

if TYPE_CHECKING:
    from uuid import UUID

    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business

BAKER = f"baker-{new_id()}@example.com"
NEW = {"name": "Bakery", "timezone": "Europe/Prague", "owner": {"email": BAKER, "name": "Bo"}}


class TestOpening:
    async def test_nobody_anonymous(self, gateway: "Harness") -> None:
        assert (await gateway.anonymous().post("/v1/accounts", json=NEW)).status_code == 401

    async def test_nobody_without_the_scope(self, gateway: "Harness", business: "Business") -> None:
        admin = gateway.client(*(ALL - {"accounts:write"}), account=business.account_id)
        assert (await admin.post("/v1/accounts", json=NEW)).status_code == 403

    async def test_gives_a_separate_account_with_an_owner_and_a_key(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        bearer = {"Authorization": f"Bearer {business.api_key}"}
        answer = await door.post("/v1/accounts", json=NEW, headers=bearer)
        assert answer.status_code == 201
        opened = answer.json()
        me = (await door.get("/v1/me", headers={"Authorization": f"Bearer {opened['api_key']}"})).json()
        assert me["account"] == opened["account"]
        assert me["account"]["timezone"] == "Europe/Prague"
        body = {
            "email": BAKER,
            "password": opened["password"],
            "account_id": opened["account"]["account_id"],
        }
        assert (await door.post("/v1/sessions", json=body)).status_code == 201

    async def test_tells_the_services_about_the_new_account_and_not_about_the_callers(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        from uuid import UUID

        before = await gateway.emitted(business.account_id)
        opened = (await gateway.client(account=business.account_id).post("/v1/accounts", json=NEW)).json()
        new: UUID = UUID(opened["account"]["account_id"])
        types = [event.type for event in await gateway.emitted(new)]
        assert types[:2] == [AccountCreated.TYPE, UserAdded.TYPE]
        assert len(await gateway.emitted(business.account_id)) == len(before)

    async def test_a_repeated_request_opens_one_and_does_not_repeat_the_secrets(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        client = gateway.client(account=business.account_id)
        headers = {"Idempotency-Key": "bakery"}
        first = (await client.post("/v1/accounts", json=NEW, headers=headers)).json()
        again = (await client.post("/v1/accounts", json=NEW, headers=headers)).json()
        assert again == first | {"password": None, "api_key": None}

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"timezone": "Prague"}, "/timezone"),
            ({"timezone": "../../etc/passwd"}, "/timezone"),
            ({"locale": "English"}, "/locale"),
            ({"owner": {"email": "x", "name": "B"}}, "/owner/email"),
            ({"owner": {"email": "b@c.cz", "name": "B", "role": "viewer"}}, "/owner/role"),
            ({"account_id": str(new_id())}, "/account_id"),
        ],
    )
    async def test_says_which_value_is_not_acceptable(
        self, gateway: "Harness", business: "Business", change: dict[str, object], pointer: str
    ) -> None:
        answer = await gateway.client(account=business.account_id).post("/v1/accounts", json=NEW | change)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer


class TestMe:
    async def test_nobody_anonymous(self, gateway: "Harness") -> None:
        assert (await gateway.anonymous().get("/v1/me")).status_code == 401

    async def test_an_account_that_does_not_exist_here_is_absent(self, gateway: "Harness", account: "UUID") -> None:
        program = Actor(ActorKind.PARTNER, str(new_id()))
        assert (await gateway.client(account=account, actor=program).get("/v1/me")).status_code == 404

    async def test_a_key_sees_itself(self, door: httpx.AsyncClient, business: "Business") -> None:
        me = (await door.get("/v1/me", headers={"Authorization": f"Bearer {business.api_key}"})).json()
        assert me["actor"]["kind"] == "partner"
        assert me["api_key"]["name"] == "First key"
        assert (me["user"], me["csrf_token"]) == (None, None)
        assert set(me["scopes"]) == ALL

    async def test_a_key_has_no_password_to_change(self, door: httpx.AsyncClient, business: "Business") -> None:
        answer = await door.put(
            "/v1/me/password",
            json={"current_password": "x", "new_password": "a brand new password"},
            headers={"Authorization": f"Bearer {business.api_key}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "not_a_person")
