"""Accounts, and who the caller is."""

from typing import TYPE_CHECKING

import httpx
import pytest

from shared.auth.scopes import ALL
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.gateway import AccountCreated, AccountUpdated, UserAdded
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


class TestTheCurrentAccount:
    path = "/v1/accounts/current"

    @pytest.mark.parametrize("method", ["GET", "PATCH"])
    async def test_nobody_anonymous(self, gateway: "Harness", method: str) -> None:
        assert (await gateway.anonymous().request(method, self.path)).status_code == 401

    async def test_is_the_callers_and_no_other(self, gateway: "Harness", business: "Business", account: "UUID") -> None:
        other = gateway.client(account=account)
        assert (await other.get(self.path)).status_code == 404
        assert (await other.patch(self.path, json={"name": "Mine now"})).status_code == 404
        read = await gateway.client(account=business.account_id).get(self.path)
        assert (read.json()["account_id"], read.json()["name"]) == (str(business.account_id), "Corner shop")
        assert read.headers["etag"] == '"1"'

    async def test_is_changed_by_owners_only(self, gateway: "Harness", business: "Business") -> None:
        admin = gateway.client(*(ALL - {"accounts:write"}), account=business.account_id)
        assert (await admin.get(self.path)).status_code == 200
        assert (await admin.patch(self.path, json={"name": "Mine now"})).status_code == 403

    async def test_can_be_renamed_and_the_services_hear_it(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        changed = await client.patch(self.path, json={"name": "Lindenhof", "timezone": "Europe/Berlin"})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        assert (await client.get(self.path)).json() == changed.json()
        assert changed.json()["locale"] == "en"
        [told] = await gateway.emitted(business.account_id, AccountUpdated)
        assert told.data == AccountUpdated(
            account_id=business.account_id, name="Lindenhof", locale="en", timezone="Europe/Berlin"
        )
        assert (told.subject, told.aggregate_version) == (business.account_id, 2)

    async def test_that_stays_as_it_is_is_not_told(self, gateway: "Harness", business: "Business") -> None:
        client = gateway.client(account=business.account_id)
        for body in ({}, {"name": "Corner shop"}):
            assert (await client.patch(self.path, json=body)).headers["etag"] == '"1"'
        assert await gateway.emitted(business.account_id, AccountUpdated) == []

    async def test_is_told_again_as_it_is(self, gateway: "Harness", business: "Business") -> None:
        """What a migration schedules for every account, for services that began to listen after it was opened."""
        async with gateway.work(business.account_id) as work:
            await work.schedule("accounts.tell", key="", due_at=work.now)
        await gateway.run_timers()
        [told] = await gateway.emitted(business.account_id, AccountUpdated)
        assert told.data == AccountUpdated(
            account_id=business.account_id, name="Corner shop", locale="en", timezone="UTC"
        )
        assert (told.subject, told.aggregate_version) == (business.account_id, 1)

    async def test_a_change_of_an_older_version_is_refused(self, gateway: "Harness", business: "Business") -> None:
        client, stale = gateway.client(account=business.account_id), {"If-Match": '"1"'}
        answers = [await client.patch(self.path, json={"name": name}, headers=stale) for name in ("A", "B")]
        assert [answer.status_code for answer in answers] == [200, 412]

    @pytest.mark.parametrize("change", [{"name": None}, {"name": " "}, {"timezone": "Prague"}, {"locale": "English"}])
    async def test_says_which_value_is_not_acceptable(
        self, gateway: "Harness", business: "Business", change: dict[str, object]
    ) -> None:
        answer = await gateway.client(account=business.account_id).patch(self.path, json=change)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(change))}"


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
