"""One thing after the other, an endpoint that is left alone for a while, and what was sent to it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from services.notifier.webhooks.schedule import PAUSES
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import published
from tests.notifier.receiver import Receiver
from tests.notifier.webhooks.test_delivery import deliveries_of, send
from tests.notifier.webhooks.test_endpoints import an_endpoint


async def happen(notifier: Harness, account: UUID, count: int, subject: UUID | None = None) -> list[str]:
    """Ids of so many new events."""
    made = [await notifier.deliver(published(), account=account, subject=subject or new_id()) for _ in range(count)]
    return [str(event.id) for event in made]


def ids_of(receiver: Receiver) -> list[str]:
    return [received.headers["webhook-id"] for received in receiver.received]


class TestOrdering:
    async def test_by_endpoint_holds_everything_behind_what_fails(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        await an_endpoint(notifier, account, url=receiver.url, ordering="endpoint")
        receiver.answer = 500
        ids = await happen(notifier, account, 4)
        await send(notifier)
        assert ids_of(receiver) == ids[:1]
        receiver.answer = 200
        notifier.clock.advance(timedelta(seconds=10))
        await send(notifier)
        assert ids_of(receiver) == [ids[0], *ids]
        assert receiver.most_at_once == 1

    async def test_by_subject_holds_only_what_is_about_the_same(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        await an_endpoint(notifier, account, url=receiver.url, ordering="subject")
        receiver.answer = 500
        one = await happen(notifier, account, 2, new_id())
        other = await happen(notifier, account, 2, new_id())
        await send(notifier)
        assert set(ids_of(receiver)) == {one[0], other[0]}

    async def test_goes_on_behind_what_was_given_up(self, notifier: Harness, account: UUID, receiver: Receiver) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url, ordering="endpoint")
        receiver.answer = 500
        ids = await happen(notifier, account, 2)
        for pause in PAUSES:
            await send(notifier)
            assert set(ids_of(receiver)) == {ids[0]}
            notifier.clock.advance(pause * 1.3)
        await send(notifier)
        receiver.answer = 200
        notifier.clock.advance(timedelta(minutes=10))
        await send(notifier)
        states = [delivery["state"] for delivery in await deliveries_of(notifier, account, endpoint)]
        assert (ids_of(receiver)[-1], states) == (ids[1], ["delivered", "failed"])


class TestBreaker:
    async def test_leaves_an_endpoint_alone_that_failed_five_times_in_a_row(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        receiver.answer = 500
        await happen(notifier, account, 5)
        await send(notifier)
        held = await self.held_until(notifier, account, endpoint)
        assert held is not None
        tried = len(receiver.received)
        await happen(notifier, account, 3)
        notifier.clock.advance(timedelta(seconds=20))
        await send(notifier)
        assert len(receiver.received) == tried

        receiver.answer = 200
        notifier.clock.advance(timedelta(minutes=7))
        await send(notifier)
        assert await self.held_until(notifier, account, endpoint) is None
        assert len(set(ids_of(receiver)[tried:])) == 8

    async def test_is_not_moved_by_one_bad_event_among_good_ones(
        self, notifier: Harness, account: UUID, receiver: Receiver
    ) -> None:
        endpoint = await an_endpoint(notifier, account, url=receiver.url)
        receiver.answer = 500
        await happen(notifier, account, 1)
        for _ in range(6):
            receiver.answer = 500
            await send(notifier)
            receiver.answer = 200
            await happen(notifier, account, 1)
            notifier.clock.advance(timedelta(seconds=1))
            await send(notifier)
            assert await self.held_until(notifier, account, endpoint) is None
            notifier.clock.advance(timedelta(minutes=1))

    async def held_until(self, notifier: Harness, account: UUID, endpoint: dict[str, Any]) -> str | None:
        answer = await notifier.client(account=account).get(f"/v1/webhook-endpoints/{endpoint['id']}")
        held: str | None = answer.json()["held_until"]
        return held


async def test_a_delivery_shows_what_was_sent_and_signed(notifier: Harness, account: UUID, receiver: Receiver) -> None:
    endpoint = await an_endpoint(notifier, account, url=receiver.url)
    client, path = notifier.client(account=account), f"/v1/webhook-endpoints/{endpoint['id']}"
    test = (await client.post(f"{path}/test")).json()
    before = (await client.get(f"{path}/deliveries/{test['id']}")).json()
    assert before["last_request"] is None
    await send(notifier)
    shown = (await client.get(f"{path}/deliveries/{test['id']}")).json()
    [received] = receiver.received
    request = shown["last_request"]
    assert request["body"].encode() == received.body
    assert request["headers"]["webhook-signature"] == received.headers["webhook-signature"]
    start = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}."
    assert request["signed"].encode() == start.encode() + received.body
    assert (shown["last_status"], shown["last_response"]) == (200, "seen")
    other = await an_endpoint(notifier, account, url=receiver.url)
    assert (await client.get(f"/v1/webhook-endpoints/{other['id']}/deliveries/{test['id']}")).status_code == 404


async def test_the_public_library_verifies_everything_through_rotations(
    notifier: Harness, account: UUID, receiver: Receiver
) -> None:
    """With its check of time, so the clock is the world's."""
    notifier.clock.advance(datetime.now(UTC) - notifier.clock.now())
    endpoint = await an_endpoint(notifier, account, url=receiver.url)
    client, known = notifier.client(account=account), endpoint["secret"]
    path = f"/v1/webhook-endpoints/{endpoint['id']}/rotate-secret"
    for _ in range(3):
        renewed = (await client.post(path, json={"overlap_hours": 1})).json()["secret"]
        await happen(notifier, account, 10)
        await send(notifier)
        for received in receiver.received:
            for secret in (known, renewed):
                verified = Webhook(secret).verify(received.body.decode(), received.headers)
                assert verified == json.loads(received.body)
        receiver.received.clear()
        known = (await client.post(path, json={"overlap_hours": 0})).json()["secret"]
