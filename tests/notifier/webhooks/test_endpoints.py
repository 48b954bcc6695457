"""`/v1/webhook-endpoints` as partners use it."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.notifier import WebhookEndpointChanged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import published

URL = "https://partner.example/heed"


async def an_endpoint(notifier: Harness, account: UUID, **fields: Any) -> dict[str, Any]:
    answer = await notifier.client(account=account).post("/v1/webhook-endpoints", json={"url": URL} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", ""),
            ("POST", ""),
            ("GET", "/{id}"),
            ("PATCH", "/{id}"),
            ("DELETE", "/{id}"),
            ("GET", "/{id}/deliveries"),
            ("POST", "/{id}/redeliver"),
            ("POST", "/{id}/test"),
            ("POST", "/{id}/rotate-secret"),
        ],
    )
    async def test_nobody_anonymous(self, notifier: Harness, method: str, path: str) -> None:
        address = "/v1/webhook-endpoints" + path.replace("{id}", str(new_id()))
        assert (await notifier.anonymous().request(method, address)).status_code == 401

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("PATCH", "", {"description": "mine now"}),
            ("DELETE", "", None),
            ("GET", "/deliveries", None),
            ("POST", "/redeliver", {"after": 0}),
            ("POST", "/test", None),
            ("POST", "/rotate-secret", None),
        ],
    )
    async def test_no_other_account(self, notifier: Harness, account: UUID, method: str, path: str, body: Any) -> None:
        made = await an_endpoint(notifier, account)
        other = notifier.client(account=new_id())
        answer = await other.request(method, f"/v1/webhook-endpoints/{made['id']}{path}", json=body)
        assert answer.status_code == 404
        assert (await other.get("/v1/webhook-endpoints")).json()["data"] == []

    async def test_reading_is_not_writing(self, notifier: Harness, account: UUID) -> None:
        reader = notifier.client("webhooks:read", account=account)
        assert (await reader.post("/v1/webhook-endpoints", json={"url": URL})).status_code == 403


class TestManaging:
    async def test_the_secret_is_shown_once(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account)
        assert made["secret"].startswith("whsec_")
        read = await notifier.client(account=account).get(f"/v1/webhook-endpoints/{made['id']}")
        assert "secret" not in read.json()
        assert read.headers["etag"] == '"1"'

    async def test_the_secret_is_sealed_in_the_database(self, notifier: Harness, account: UUID) -> None:
        from services.notifier.webhooks.models import WebhookEndpoint

        made = await an_endpoint(notifier, account)
        async with notifier.work(account) as work:
            row = await work.session.get(WebhookEndpoint, UUID(made["id"]))
        assert row is not None
        assert made["secret"].removeprefix("whsec_").encode() not in row.secret

    async def test_a_change_with_an_old_etag_is_refused(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account)
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}"
        first = await client.patch(path, json={"description": "a"}, headers={"If-Match": '"1"'})
        second = await client.patch(path, json={"description": "b"}, headers={"If-Match": '"1"'})
        assert (first.status_code, second.status_code) == (200, 412)

    async def test_unknown_type_patterns_are_refused_by_name(self, notifier: Harness, account: UUID) -> None:
        answer = await notifier.client(account=account).post(
            "/v1/webhook-endpoints", json={"url": URL, "types": ["heed.*", "Not A Type!"]}
        )
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/types/1"

    @pytest.mark.parametrize("wanted", ["heed.tickets.ticket.vanished.v1", "heed.tickets.ticket.opened", "hed.*"])
    async def test_a_type_that_no_event_has_is_refused_by_name(
        self, notifier: Harness, account: UUID, wanted: str
    ) -> None:
        made = await an_endpoint(notifier, account, types=["heed.tickets.*"])
        client, types = notifier.client(account=account), ["heed.tickets.*", wanted]
        path = "/v1/webhook-endpoints"
        for answer in (
            await client.post(path, json={"url": URL, "types": types}),
            await client.patch(f"{path}/{made['id']}", json={"types": types}),
        ):
            assert answer.status_code == 422
            [error] = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == ("/types/1", "unknown_event_type")
            assert f"`{wanted}`" in error["detail"]

    async def test_what_a_url_begins_with_is_said_as_it_is(self, notifier: Harness, account: UUID) -> None:
        client = notifier.client(account=account)
        refused = await client.post("/v1/webhook-endpoints", json={"url": "ftp://partner.example"})
        assert refused.status_code == 422
        assert "https:// or http://" in refused.json()["errors"][0]["detail"]
        plain = await client.post("/v1/webhook-endpoints", json={"url": "http://partner.example/heed"})
        assert plain.status_code == 201

    async def test_an_endpoint_that_is_switched_off_gets_nothing_new(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account)
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}"
        await notifier.deliver(published(), account=account)
        await client.patch(path, json={"enabled": False})
        await notifier.deliver(published(), account=account)
        deliveries = (await client.get(f"{path}/deliveries")).json()["data"]
        assert [delivery["state"] for delivery in deliveries] == ["canceled"]

    async def test_every_change_is_told_and_no_url_or_secret_with_it(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account)
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}"
        await client.patch(path, json={"description": "a"})
        await client.post(f"{path}/rotate-secret")
        await client.delete(path)
        told = await notifier.emitted(account, WebhookEndpointChanged)
        changes = [event.data.change for event in told]  # type: ignore[attr-defined]
        assert changes == ["created", "updated", "secret_rotated", "deleted"]
        assert not any(b"partner.example" in event.raw or b"whsec_" in event.raw for event in told)

    async def test_deleted_is_gone(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account)
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize("body", [{}, {"after": 1, "delivery_id": str(new_id())}, {"delivery_id": str(new_id())}])
    async def test_a_redelivery_says_what_it_is_of(
        self, notifier: Harness, account: UUID, body: dict[str, object]
    ) -> None:
        made = await an_endpoint(notifier, account)
        path = f"/v1/webhook-endpoints/{made['id']}/redeliver"
        answer = await notifier.client(account=account).post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/delivery_id"
