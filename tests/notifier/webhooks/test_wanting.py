"""Endpoints that want some events only, that verify by a public key, and that get again what they missed."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from services.notifier.notices.models import Notice
from shared.contracts.notifier import WebhookEndpointDisabled
from shared.testing.harness import Harness
from tests.notifier.builders import published
from tests.notifier.notices.test_unassigned import meet
from tests.notifier.receiver import Received, Receiver
from tests.notifier.webhooks.test_delivery import is_signed_with, send
from tests.notifier.webhooks.test_endpoints import URL, an_endpoint

PUBLISHED = "heed.survey.survey.published.v1"


def is_verified_by(public_key: str, received: Received) -> bool:
    """As Standard Webhooks says of `v1a`, by the public key alone."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    for signature in received.headers["webhook-signature"].split():
        try:
            key.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)
        except InvalidSignature:
            continue
        return True
    return False


class TestConditions:
    async def test_let_through_what_they_hold_for(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        await an_endpoint(notifier, account, url=receiver.url, types=[PUBLISHED], condition='data.kind == "csat"')
        await notifier.deliver(published(kind="nps"), account=account)
        wanted = await notifier.deliver(published(kind="csat"), account=account)
        await send(notifier)
        assert [received.headers["webhook-id"] for received in receiver.received] == [str(wanted.id)]

    @pytest.mark.parametrize(
        ("types", "condition", "code"),
        [
            ([PUBLISHED], "data.knid == 'csat'", "unknown_field"),
            ([PUBLISHED], "data.kind ==", "syntax"),
            ([PUBLISHED], "data.kind", "not_boolean"),
            ([], "data.kind == 'csat'", "unknown_field"),
        ],
    )
    async def test_must_make_sense_of_every_type(
        self, notifier: Harness, account: UUID, types: list[str], condition: str, code: str
    ) -> None:
        body = {"url": URL, "types": types, "condition": condition}
        answer = await notifier.client(account=account).post("/v1/webhook-endpoints", json=body)
        assert answer.status_code == 422
        [error] = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/condition", code)

    async def test_are_checked_again_when_the_types_change(self, notifier: Harness, account: UUID) -> None:
        made = await an_endpoint(notifier, account, types=[PUBLISHED], condition='data.kind == "csat"')
        path = f"/v1/webhook-endpoints/{made['id']}"
        assert (await notifier.client(account=account).patch(path, json={"types": []})).status_code == 422


class TestPublicKeys:
    async def test_verify_through_a_rotation(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        made = await an_endpoint(notifier, account, url=receiver.url, signing="v1a")
        assert (made["secret"], made["signing"]) == (None, "v1a")
        path = f"/v1/webhook-endpoints/{made['id']}/rotate-secret"
        rotated = (await notifier.client(account=account).post(path, json={"overlap_hours": 2})).json()
        assert rotated["secret"] is None
        await notifier.deliver(published(), account=account)
        await send(notifier)
        notifier.clock.advance(timedelta(hours=2))
        await notifier.deliver(published(), account=account)
        await send(notifier)
        during, after = receiver.received
        assert is_verified_by(made["public_key"], during)
        assert is_verified_by(rotated["public_key"], during)
        assert is_verified_by(rotated["public_key"], after)
        assert not is_verified_by(made["public_key"], after)

    async def test_may_follow_a_secret(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        made = await an_endpoint(notifier, account, url=receiver.url)
        path = f"/v1/webhook-endpoints/{made['id']}/rotate-secret"
        rotated = (await notifier.client(account=account).post(path, json={"signing": "v1a"})).json()
        await notifier.deliver(published(), account=account)
        await send(notifier)
        [received] = receiver.received
        assert is_signed_with(made["secret"], received)
        assert is_verified_by(rotated["public_key"], received)


async def test_a_second_rotation_waits_for_the_first_or_cuts_it_off(
    notifier: Harness, account: UUID, receiver: Receiver
) -> None:
    made = await an_endpoint(notifier, account, url=receiver.url)
    client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}/rotate-secret"
    second = (await client.post(path)).json()["secret"]
    assert (await client.post(path)).status_code == 409
    leaked = (await client.post(path, json={"overlap_hours": 0})).json()["secret"]
    await notifier.deliver(published(), account=account)
    await send(notifier)
    [received] = receiver.received
    assert is_signed_with(leaked, received)
    assert not is_signed_with(second, received)
    assert not is_signed_with(made["secret"], received)


class TestReplay:
    async def test_since_a_time_brings_what_did_not_arrive(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        made = await an_endpoint(notifier, account, url=receiver.url, types=[PUBLISHED])
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{made['id']}"
        sent = [await self.happened(notifier, account)]  # arrives, before the time
        await send(notifier)
        notifier.clock.advance(timedelta(minutes=1))
        since = notifier.clock.now()
        sent.append(await self.happened(notifier, account))  # arrives
        await send(notifier)
        receiver.answer = 410
        sent.append(await self.happened(notifier, account))  # fails, and switches it off
        await send(notifier)
        sent.append(await self.happened(notifier, account))  # is not even tried
        receiver.answer = 200
        assert (await client.patch(path, json={"enabled": True})).status_code == 200

        asked = {"since": since.isoformat(), "only_undelivered": True}
        assert (await client.post(f"{path}/redeliver", json=asked)).json() == {"queued": 2, "next_after": None}
        receiver.received.clear()
        await send(notifier)
        assert {received.headers["webhook-id"] for received in receiver.received} == {str(id) for id in sent[2:]}
        assert (await client.post(f"{path}/redeliver", json=asked)).json()["queued"] == 0
        assert (await client.post(f"{path}/redeliver", json=asked | {"only_undelivered": False})).json()["queued"] == 3
        later = {"since": (since + timedelta(days=1)).isoformat()}
        assert (await client.post(f"{path}/redeliver", json=later)).json()["queued"] == 0

    async def happened(self, notifier: Harness, account: UUID) -> UUID:
        return (await notifier.deliver(published(), account=account)).id


async def test_owners_are_mailed_when_an_endpoint_is_switched_off(
    notifier: Harness, account: UUID, receiver: Receiver
) -> None:
    owner, _ = await meet(notifier, account, "owner"), await meet(notifier, account, "agent")
    receiver.answer = 410
    made = await an_endpoint(notifier, account, url=receiver.url, description="The shop\r\nBcc: x@example.com")
    await notifier.deliver(published(), account=account)
    await send(notifier)
    [disabled] = await notifier.emitted(account, WebhookEndpointDisabled)
    await notifier.deliver_raw([disabled.raw])
    notices = await _notices(notifier, account)
    assert [notice.user_id for notice in notices] == [owner]
    assert "410 Gone" in notices[0].text
    assert made["id"] in notices[0].text
    assert "\r" not in notices[0].text


async def _notices(notifier: Harness, account: UUID) -> list[Any]:
    async with notifier.work(account) as work:
        return list(await work.session.scalars(select(Notice).where(Notice.account_id == account)))
