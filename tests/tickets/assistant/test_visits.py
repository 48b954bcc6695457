"""The assistant on a business's own pages, by publishable key."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.auth.publishable import identity_secret, new_publishable_key
from shared.contracts.customers import CustomerCreated
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.tickets.builders import open_ticket

SHOP = {"Origin": "https://shop.example"}


class Page:
    """A page of the shop's that has its key."""

    def __init__(self, tickets: Harness, key: str, api_key_id: UUID) -> None:
        self.client, self.key, self.api_key_id = tickets.anonymous(), key, api_key_id

    async def begin(self, text: str, headers: dict[str, str] = SHOP, **fields: Any) -> httpx.Response:
        path = f"/assistant/{self.key}/conversations"
        return await self.client.post(path, json={"text": text} | fields, headers=headers)


@pytest.fixture
async def page(tickets: Harness, account: UUID) -> Page:
    api_key_id, key = new_id(), new_publishable_key(account)
    created = APIKeyCreated(
        api_key_id=api_key_id,
        name="The shop's",
        scopes=(),
        kind="publishable",
        public_key=key,
        origins=("https://shop.example",),
    )
    await tickets.deliver(created, account=account, subject=api_key_id)
    return Page(tickets, key, api_key_id)


class TestAPage:
    async def test_begins_goes_on_and_listens(self, page: Page) -> None:
        begun = await page.begin("Who are you?")
        assert (begun.status_code, begun.headers["access-control-allow-origin"]) == (201, "https://shop.example")
        path = f"/assistant/{page.key}/conversations/{begun.json()['chat']}/messages"
        said = await page.client.post(path, json={"text": "human please"}, headers=SHOP)
        assert said.json()["state"] == "handed_off"
        first = begun.json()["messages"][0]["id"]
        heard = await page.client.get(path, params={"after": first}, headers=SHOP)
        assert [line["kind"] for line in heard.json()["messages"]] == ["unknown", "said", "handoff"]

    async def test_of_another_site_is_refused(self, page: Page) -> None:
        for headers in ({"Origin": "https://evil.example"}, {}):
            assert (await page.begin("Hello", headers)).json()["code"] == "origin_not_allowed"

    async def test_with_a_revoked_key_is_refused(self, tickets: Harness, account: UUID, page: Page) -> None:
        revoked = APIKeyRevoked(api_key_id=page.api_key_id)
        await tickets.deliver(revoked, account=account, subject=page.api_key_id, version=2)
        assert (await page.begin("Hello")).json()["code"] == "key_not_found"

    async def test_reads_no_conversation_whose_key_it_guessed(self, page: Page) -> None:
        chat = (await page.begin("Hello there")).json()["chat"]
        for wrong in (chat[:-2] + "AA", "x", chat[::-1]):
            path = f"/assistant/{page.key}/conversations/{wrong}/messages"
            assert (await page.client.get(path, headers=SHOP)).status_code == 404

    async def test_with_a_bad_body_says_which_field(self, page: Page) -> None:
        answer = await page.begin(" ")
        assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/text"]


class TestAnIdentity:
    async def test_that_is_signed_opens_the_customers_own_tickets(
        self, tickets: Harness, account: UUID, page: Page
    ) -> None:
        customer_id = new_id()
        created = CustomerCreated(customer_id=customer_id, profile=profile_of(name="Ana", external_id="c-1"))
        await tickets.deliver(created, account=account, subject=customer_id)
        await open_ticket(tickets.client(account=account), subject="The lamp", customer_id=str(customer_id))
        key = OctKey.import_key(identity_secret(tickets.runtime.settings, page.api_key_id))
        signed = jwt.encode({"alg": "HS256"}, {"sub": "c-1"}, key)
        begun = await page.begin("What is the status of my request?", identity=signed)
        assert "The lamp" in begun.json()["messages"][1]["text"]

    async def test_that_is_forged_is_refused(self, page: Page) -> None:
        forged = jwt.encode({"alg": "HS256"}, {"sub": "c-1"}, OctKey.import_key("x" * 32))
        assert (await page.begin("Hello", identity=forged)).json()["errors"][0]["code"] == "bad_identity"
