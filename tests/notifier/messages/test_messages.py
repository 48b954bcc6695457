"""Messages: queued, composed, sent or held back, each with its reason."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.messages import delivery
from services.notifier.messages.mailers import Mail, NotSent
from services.notifier.messages.service import KIND
from shared.contracts.customers import CustomerDeleted
from shared.contracts.notifier import MessageFailed, MessageSent
from shared.dispatch.queue import claim_due, finish, open_claim
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, invitation, messages_of, send_messages


class RecordingMailer:
    """The outer edge: keeps what it is given, or fails as it is told."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.failure: NotSent | None = None

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)
        if self.failure is not None:
            raise self.failure

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.recipient == address]


@pytest.fixture
def mailer(notifier: Harness) -> RecordingMailer:
    recording = RecordingMailer()
    notifier.runtime.state["mailer"] = recording
    return recording


async def write(notifier: Harness, account: UUID, customer_id: UUID, **fields: Any) -> Any:
    body = {"customer_id": str(customer_id), "subject": "Hello", "text": "Good morning."} | fields
    return await notifier.client(account=account).post("/v1/messages", json=body)


class TestWhoMay:
    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("GET", f"/{new_id()}")])
    async def test_nobody_anonymous(self, notifier: Harness, method: str, path: str) -> None:
        assert (await notifier.anonymous().request(method, f"/v1/messages{path}")).status_code == 401

    async def test_no_other_account(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        message = (await write(notifier, account, ana)).json()
        other = notifier.client(account=new_id())
        assert (await other.get("/v1/messages")).json()["data"] == []
        assert (await other.get(f"/v1/messages/{message['id']}")).status_code == 404
        answer = await write(notifier, new_id(), ana)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/customer_id"


class TestWriting:
    async def test_queues_a_message_that_is_then_sent(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="writing@example.com")
        made = await write(notifier, account, ana, subject="Your bread", text="First.\n\nSecond <b>.")
        assert (made.status_code, made.json()["state"]) == (201, "queued")
        await send_messages(notifier)

        shown = (await notifier.client(account=account).get(f"/v1/messages/{made.json()['id']}")).json()
        assert (shown["state"], shown["to"], shown["subject"]) == ("sent", "writing@example.com", "Your bread")
        assert "Second &lt;b&gt;." in shown["html"]
        assert "Second <b>." in shown["text"]
        assert len(mailer.to("writing@example.com")) == 1

    async def test_a_customer_of_this_moment_is_waited_for(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        new = new_id()
        writing = asyncio.create_task(write(notifier, account, new))
        await asyncio.wait([writing], timeout=0.2)
        assert not writing.done()
        await a_customer(notifier, account, customer_id=new)
        assert (await writing).status_code == 201

    async def test_refuses_what_is_not_a_message(self, notifier: Harness, account: UUID) -> None:
        for fields, pointer in (({"text": ""}, "/text"), ({"subject": " "}, "/subject"), ({"extra": 1}, "/extra")):
            answer = await write(notifier, account, new_id(), **fields)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == pointer

    async def test_the_same_request_twice_writes_one_message(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        body = {"customer_id": str(ana), "subject": "Hello", "text": "Once."}
        client, key = notifier.client(account=account), {"Idempotency-Key": "only-once"}
        answers = [await client.post("/v1/messages", json=body, headers=key) for _ in range(2)]
        assert answers[0].json()["id"] == answers[1].json()["id"]
        assert len(await messages_of(notifier, account)) == 1


class TestHoldingBack:
    async def test_a_customer_without_an_address_gets_nothing_and_the_reason_is_kept(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email=None)
        await write(notifier, account, ana)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account, state="suppressed")
        assert message["reason"] == "the customer has no e-mail address"
        [failed] = await notifier.emitted(account, MessageFailed)
        assert failed.data.state == "suppressed"  # type: ignore[attr-defined]

    async def test_an_invitation_that_overtakes_its_customer_waits_a_moment(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        late = new_id()
        await notifier.deliver(invitation(late, notifier.clock.now()), account=account)
        await send_messages(notifier)
        assert [message["state"] for message in await messages_of(notifier, account)] == ["queued"]
        await a_customer(notifier, account, customer_id=late, email="late@example.com")
        notifier.clock.advance(timedelta(seconds=1))
        await send_messages(notifier)
        assert len(mailer.to("late@example.com")) == 1

    async def test_but_not_for_ever(self, notifier: Harness, account: UUID, mailer: RecordingMailer) -> None:
        await an_account(notifier, account)
        await notifier.deliver(invitation(new_id(), notifier.clock.now()), account=account)
        for _ in range(60):
            await send_messages(notifier)
            [message] = await messages_of(notifier, account)
            assert (message["state"], message["reason"]) == ("queued", "the customer is not known yet")
            notifier.clock.advance(timedelta(seconds=1))
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == ("suppressed", "there is no such customer")
        assert message["attempts"] == 5
        [failed] = await notifier.emitted(account, MessageFailed)
        assert failed.data.reason == "there is no such customer"  # type: ignore[attr-defined]

    async def test_a_deleted_customer_is_written_to_no_more_and_what_was_said_is_forgotten(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="gone@example.com")
        await write(notifier, account, ana)
        await send_messages(notifier)
        await write(notifier, account, ana)
        await notifier.deliver(CustomerDeleted(customer_id=ana), account=account, subject=ana, version=5)
        await a_customer(notifier, account, customer_id=ana, version=4, email="gone@example.com")
        await send_messages(notifier)
        assert len(mailer.to("gone@example.com")) == 1
        assert {message["state"] for message in await messages_of(notifier, account)} == {"sent", "suppressed"}
        assert {message["to"] for message in await messages_of(notifier, account)} == {None}
        assert {message["text"] for message in await messages_of(notifier, account)} == {None}


class TestTryingAgain:
    async def test_a_failure_that_may_pass_is_retried_with_the_same_message_id(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="retry@example.com")
        mailer.failure = NotSent("the mail server answered 451")
        await write(notifier, account, ana)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == ("queued", "the mail server answered 451")

        mailer.failure = None
        await send_messages(notifier)
        assert len(mailer.to("retry@example.com")) == 1, "not before its time"
        notifier.clock.advance(timedelta(seconds=30))
        await send_messages(notifier)
        first, second = mailer.to("retry@example.com")
        assert first.content["Message-ID"] == second.content["Message-ID"]
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"], message["attempts"]) == ("sent", None, 2)

    async def test_ends_after_a_day_and_a_half(self, notifier: Harness, account: UUID, mailer: RecordingMailer) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ends@example.com")
        mailer.failure = NotSent("the mail server answered 451")
        await write(notifier, account, ana)
        for pause in (*delivery.PAUSES, timedelta(days=3)):
            await send_messages(notifier)
            notifier.clock.advance(pause)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["attempts"]) == ("failed", len(delivery.PAUSES) + 1)
        assert len(mailer.to("ends@example.com")) == len(delivery.PAUSES) + 1

    async def test_a_final_refusal_is_not_retried(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        mailer.failure = NotSent("the mail server refused the address (550)", is_final=True)
        await write(notifier, account, ana)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == ("failed", "the mail server refused the address (550)")


class TestAProcessThatDiesBetweenSendingAndNoting:
    async def test_leads_to_one_repetition_under_the_same_message_id(
        self, notifier: Harness, account: UUID, mailer: RecordingMailer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="dies@example.com")
        await write(notifier, account, ana)

        async def die(*_: object) -> None:
            raise ConnectionError("the process is gone")

        with monkeypatch.context() as patched:
            patched.setattr(delivery, "_note", die)
            await send_messages(notifier)
        await send_messages(notifier)
        assert len(mailer.to("dies@example.com")) == 1, "the lease holds"
        notifier.clock.advance(timedelta(seconds=61))
        await send_messages(notifier)
        await send_messages(notifier)
        first, second = mailer.to("dies@example.com")
        assert first.content["Message-ID"] == second.content["Message-ID"]
        assert bytes(first.content).split(b"boundary")[0] == bytes(second.content).split(b"boundary")[0]
        assert len(await notifier.emitted(account, MessageSent)) == 1

    async def test_a_claim_that_was_taken_over_can_note_nothing(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await write(notifier, account, ana)

        async def claim() -> Any:
            claims = await claim_due(notifier.runtime, KIND, limit=100, per_lane=100)
            return next(claim for claim in claims if claim.account_id == account)

        slow = await claim()
        notifier.clock.advance(timedelta(seconds=61))
        quick = await claim()
        async with open_claim(notifier.runtime, slow) as work:
            assert not await finish(work, slow)
        async with open_claim(notifier.runtime, quick) as work:
            assert await finish(work, quick)
