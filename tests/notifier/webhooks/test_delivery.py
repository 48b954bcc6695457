"""Deliveries to a real receiver: signatures, retries, giving up. R-29, R-30, R-33 and R-34 in small form."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from services.notifier.webhooks import sending
from services.notifier.webhooks.schedule import PAUSES, next_attempt
from services.notifier.webhooks.sending import READ_AT_MOST, WEBHOOKS
from shared.contracts.notifier import WebhookEndpointDisabled
from shared.http.client import pause_asked_for
from shared.ids import new_id
from shared.testing.clock import FrozenClock
from shared.testing.harness import Harness
from tests.notifier.builders import feedback, published
from tests.notifier.receiver import Received, Receiver, a_receiver
from tests.notifier.webhooks.test_endpoints import an_endpoint


def is_signed_with(secret: str, received: Received) -> bool:
    """By the signature alone: the frozen clock is outside the library's tolerance of time."""
    at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), tz=FrozenClock().now().tzinfo)
    expected = Webhook(secret).sign(received.headers["webhook-id"], at, received.body.decode())
    return expected in received.headers["webhook-signature"].split(" ")


async def deliveries_of(notifier: Harness, account: UUID, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/v1/webhook-endpoints/{endpoint['id']}/deliveries"
    data: list[dict[str, Any]] = (await notifier.client(account=account).get(path)).json()["data"]
    return data


async def send(notifier: Harness) -> None:
    await WEBHOOKS.run_due(notifier.runtime)


class TestOneDelivery:
    async def test_carries_the_logged_bytes_and_a_valid_signature(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        event = await notifier.deliver(published(), account=account)
        await send(notifier)

        [received] = receiver.received
        assert received.body == event.raw[:-1] + b',"sequence":1}'
        assert received.headers["webhook-id"] == str(event.id)
        assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert is_signed_with(endpoint["secret"], received)
        assert not is_signed_with("whsec_" + "A" * 44, received)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["last_status"], delivery["attempts"]) == ("delivered", 200, 1)

    async def test_goes_only_to_endpoints_that_want_its_type(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        await an_endpoint(notifier, account, url=receiver.url, types=["heed.survey.feedback.*"])
        await notifier.deliver(published(), account=account)
        wanted = await notifier.deliver(feedback(notifier.clock.now()), account=account)
        await send(notifier)
        assert [received.headers["webhook-id"] for received in receiver.received] == [str(wanted.id)]

    async def test_of_another_accounts_event_does_not_happen(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=new_id())
        await send(notifier)
        assert receiver.received == []

    async def test_happens_once_if_the_event_arrives_twice(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        await an_endpoint(notifier, account, url=receiver.url)
        raw = notifier.event(published(), account=account)
        await notifier.deliver_raw([raw])
        await notifier.deliver_raw([raw])
        await send(notifier)
        assert len(receiver.received) == 1

    @pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
    async def test_counts_as_failed_unless_the_status_is_2xx(
        self, notifier: Harness, account: UUID, receiver: Receiver, status: int
    ) -> None:
        receiver.answer, receiver.extra_headers = status, f"Location: http://127.0.0.1:{receiver.port}/other\r\n"
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["last_status"]) == ("pending", status)
        assert receiver.connections == 1  # no redirect was followed

    async def test_can_be_asked_for_as_a_test(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url, types=["heed.survey.*"])
        path = f"/v1/webhook-endpoints/{endpoint['id']}/test"
        assert (await notifier.client(account=account).post(path)).status_code == 202
        await send(notifier)
        [received] = receiver.received
        assert json.loads(received.body)["type"] == "heed.notifier.webhook-endpoint.tested.v1"
        assert is_signed_with(endpoint["secret"], received)

    async def test_can_be_repeated_under_the_same_id(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        for _ in range(3):
            await notifier.deliver(published(), account=account)
        await send(notifier)
        client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{endpoint['id']}/redeliver"
        since = await client.post(path, json={"after": 1})
        assert since.json() == {"queued": 2, "next_after": None}
        oldest = (await deliveries_of(notifier, account, endpoint))[-1]
        assert (await client.post(path, json={"delivery_id": oldest["id"]})).json()["queued"] == 1
        await send(notifier)
        ids = [received.headers["webhook-id"] for received in receiver.received]
        assert len(ids) == 6
        assert len(set(ids)) == 3


class TestRetries:
    async def test_follow_the_schedule_under_the_same_id_with_a_fresh_signature(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        receiver.answer = 503
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        for made, pause in enumerate(PAUSES, 1):
            notifier.clock.advance(pause * 0.8 - timedelta(seconds=1))
            await send(notifier)
            assert len(receiver.received) == made
            notifier.clock.advance(pause * 0.4 + timedelta(seconds=2))
            await send(notifier)
            assert len(receiver.received) == made + 1

        assert len(receiver.received) == 10
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
        assert len({received.headers["webhook-timestamp"] for received in receiver.received}) == 10
        assert all(is_signed_with(endpoint["secret"], received) for received in receiver.received)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["attempts"]) == ("failed", 10)
        notifier.clock.advance(timedelta(days=30))
        await send(notifier)
        assert len(receiver.received) == 10

    async def test_wait_as_long_as_the_receiver_asks(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        receiver.answer, receiver.extra_headers = 429, "Retry-After: 120\r\n"
        await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        notifier.clock.advance(timedelta(seconds=119))
        await send(notifier)
        assert len(receiver.received) == 1
        notifier.clock.advance(timedelta(seconds=1))
        await send(notifier)
        assert len(receiver.received) == 2

    def test_are_jittered_by_a_fifth(self) -> None:
        now = FrozenClock().now()
        assert next_attempt(2, now, draw=lambda low, _: low) == now + timedelta(minutes=4)
        assert next_attempt(2, now, draw=lambda _, high: high) == now + timedelta(minutes=6)

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [("", 0), ("30", 30), ("Mon, 02 Mar 2026 09:01:00 GMT", 60), ("-5", 0), ("soon", 0), ("9" * 50, 10**8)],
    )
    def test_understand_both_forms_of_retry_after(self, header: str, seconds: int) -> None:
        assert pause_asked_for(header, FrozenClock().now()) == timedelta(seconds=seconds)


class TestGivingUp:
    async def test_after_five_days_of_failures_the_endpoint_is_switched_off_and_the_account_told(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        receiver.answer = 500
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        for day in range(6):
            await notifier.deliver(published(), account=account)
            await send(notifier)
            is_enabled = await self.is_enabled(notifier, account, endpoint)
            assert is_enabled == (day < 5)
            notifier.clock.advance(timedelta(days=1))
        [disabled] = await notifier.emitted(account, WebhookEndpointDisabled)
        assert "5 days" in disabled.data.reason  # type: ignore[attr-defined]

    async def test_one_success_in_between_keeps_it_on(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        for day in range(9):
            receiver.answer = 200 if day == 4 else 500
            await notifier.deliver(published(), account=account)
            await send(notifier)
            notifier.clock.advance(timedelta(days=1))
        assert await self.is_enabled(notifier, account, endpoint)

    async def test_410_switches_it_off_at_once(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        receiver.answer = 410
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        assert not await self.is_enabled(notifier, account, endpoint)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["last_status"]) == ("failed", 410)

    async def is_enabled(self, notifier: Harness, account: UUID, endpoint: dict[str, Any]) -> bool:
        answer = await notifier.client(account=account).get(f"/v1/webhook-endpoints/{endpoint['id']}")
        return bool(answer.json()["enabled"])


class TestSecretRotation:
    async def test_a_receiver_that_knows_either_secret_can_verify_for_a_day(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        path = f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret"
        new = (await notifier.client(account=account).post(path)).json()["secret"]
        assert new != endpoint["secret"]
        for _ in range(20):
            await notifier.deliver(published(), account=account)
        await send(notifier)
        assert len(receiver.received) == 20
        assert all(is_signed_with(endpoint["secret"], received) for received in receiver.received)
        assert all(is_signed_with(new, received) for received in receiver.received)

        notifier.clock.advance(timedelta(hours=24))
        await notifier.deliver(published(), account=account)
        await send(notifier)
        assert not is_signed_with(endpoint["secret"], receiver.received[-1])
        assert is_signed_with(new, receiver.received[-1])


class TestReceiversThatMisbehave:
    async def test_an_endless_body_is_not_read(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        written = 0

        async def pour(writer: asyncio.StreamWriter) -> None:
            nonlocal written
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                written += 65_536

        receiver.answer = pour
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert delivery["state"] == "delivered"
        assert delivery["last_response"] == "x" * 500
        # What the operating system buffers in between is written without being read.
        assert written < READ_AT_MOST + 16_000_000

    async def test_one_that_says_nothing_is_given_a_few_seconds(
        self, notifier: Harness, account: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.2)
        released = asyncio.Event()

        async def hang(writer: asyncio.StreamWriter) -> None:
            await released.wait()

        receiver.answer = hang
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        released.set()
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["last_status"]) == ("pending", None)
        assert delivery["last_error"].startswith("no answer within")

    async def test_a_body_that_drips_does_not_undo_a_good_status(
        self, notifier: Harness, account: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.5)
        released = asyncio.Event()

        async def drip(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ndrip")
            await writer.drain()
            await released.wait()

        receiver.answer = drip
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        released.set()
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert (delivery["state"], delivery["last_response"]) == ("delivered", "drip")

    async def test_what_is_not_http_is_a_failure(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        receiver.answer = b"\x00\x01\x02 nonsense \xff\r\n\r\n"
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        await notifier.deliver(published(), account=account)
        await send(notifier)
        [delivery] = await deliveries_of(notifier, account, endpoint)
        assert delivery["state"] == "pending"
        assert delivery["last_error"].startswith("no connection")

    async def test_one_that_hangs_keeps_only_itself_waiting(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        released = asyncio.Event()

        async def hang(writer: asyncio.StreamWriter) -> None:
            await released.wait()

        async with a_receiver() as hanging:
            hanging.answer = hang
            await an_endpoint(notifier, account, url=hanging.url)
            await an_endpoint(notifier, account, url=receiver.url)
            for _ in range(12):
                await notifier.deliver(published(), account=account)
            loop = asyncio.create_task(WEBHOOKS.run(notifier.runtime))
            try:
                async with asyncio.timeout(10):
                    while len(receiver.received) < 12:
                        await asyncio.sleep(0.02)
                assert hanging.most_at_once <= WEBHOOKS.per_lane
            finally:
                released.set()
                loop.cancel()
                await asyncio.gather(loop, return_exceptions=True)
