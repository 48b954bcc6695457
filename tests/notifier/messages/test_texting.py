"""Text messages through a provider's own HTTP interface on loopback, and in the built-in mailbox.

Seen to fail: with `_OPTED_OUT` and `_NO_NUMBER` empty, the refused are tried again; with `address_of` returning the
mail address, nobody without a phone is held back.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson
import pytest

from services.notifier.app import SERVICE
from services.notifier.messages.texting import LONGEST
from services.notifier.settings import NotifierSettings
from shared.contracts.consent import ConsentChanged
from shared.contracts.survey import InvitationReminded
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, invitation, messages_of, send_messages
from tests.notifier.receiver import Receiver, a_receiver

PHONE = "+351912345678"


@pytest.fixture
async def provider() -> AsyncIterator[Receiver]:
    async with a_receiver() as running:
        running.answer = 201
        yield running


@pytest.fixture
async def notifier(harness: Any, provider: Receiver) -> Harness:
    made: Harness = await harness(
        SERVICE,
        sms_provider="twilio",
        sms_from="+15005550006",
        whatsapp_from="+15005550007",
        twilio_account_sid="AC123",
        twilio_auth_token="secret",
        twilio_url=f"http://127.0.0.1:{provider.port}",
        webhook_allow_cidrs="127.0.0.0/8",
    )
    return made


def refusing(status: int, code: int) -> bytes:
    body = f'{{"code": {code}, "message": "no", "status": {status}}}'
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def texted(notifier: Harness, account: UUID, *, phone: str | None = PHONE, text: str = "On its way.") -> Any:
    await an_account(notifier, account)
    ana = await a_customer(notifier, account, phone=phone)
    body = {"customer_id": str(ana), "channel": "sms", "subject": "Parcel", "text": text}
    made = await notifier.client(account=account).post("/v1/messages", json=body)
    assert made.status_code == 201, made.text
    await send_messages(notifier)
    return (await notifier.client(account=account).get(f"/v1/messages/{made.json()['id']}")).json()


async def invited(notifier: Harness, account: UUID, **fields: Any) -> Any:
    await an_account(notifier, account)
    ana = await a_customer(notifier, account, phone=PHONE)
    at = notifier.clock.now() + timedelta(days=30)
    asked = invitation(ana, at, channel="link", medium="whatsapp", **fields)
    await notifier.deliver(asked, account=account, subject=asked.invitation_id)
    await send_messages(notifier)
    [message] = await messages_of(notifier, account)
    return message


class TestTwilio:
    async def test_is_told_whom_to_tell_what(self, notifier: Harness, account: UUID, provider: Receiver) -> None:
        message = await texted(notifier, account)
        assert (message["state"], message["channel"], message["to"]) == ("sent", "sms", PHONE)
        [request] = provider.received
        assert request.headers["authorization"] == "Basic QUMxMjM6c2VjcmV0"
        form = parse_qs(request.body.decode())
        assert form == {"To": [PHONE], "From": ["+15005550006"], "Body": ["On its way.\nLindenhof"]}

    @pytest.mark.parametrize(
        ("code", "reason"),
        [(21610, "asked the SMS provider for no more"), (21211, "refused the number (21211)")],
    )
    async def test_says_for_good_that_this_number_gets_nothing(
        self, notifier: Harness, account: UUID, provider: Receiver, code: int, reason: str
    ) -> None:
        provider.answer = refusing(400, code)
        message = await texted(notifier, account)
        assert message["state"] == "failed"
        assert reason in message["reason"]
        notifier.clock.advance(timedelta(days=2))
        await send_messages(notifier)
        assert len(provider.received) == 1

    async def test_is_asked_again_when_it_has_too_much_to_do(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        provider.answer = refusing(429, 20429)
        message = await texted(notifier, account)
        assert (message["state"], message["reason"]) == ("queued", "the SMS provider answered 429 (20429)")
        provider.answer = 201
        notifier.clock.advance(timedelta(minutes=1))
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "sent"

    async def test_that_is_out_of_reach_is_waited_for(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        async def hang_up(writer: Any) -> None:
            writer.close()

        provider.answer = hang_up
        message = await texted(notifier, account)
        assert message["state"] == "queued"
        assert message["reason"].startswith("the SMS provider could not be reached")


class TestWhatsApp:
    async def test_asks_with_the_buttons_of_the_template(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        message = await invited(notifier, account, whatsapp_template="HX1")
        assert (message["state"], message["channel"], message["to"]) == ("sent", "whatsapp", PHONE)
        [request] = provider.received
        form = {name: value for name, [value] in parse_qs(request.body.decode()).items()}
        variables = orjson.loads(form.pop("ContentVariables"))
        assert form == {"To": f"whatsapp:{PHONE}", "From": "whatsapp:+15005550007", "ContentSid": "HX1"}
        question = "How likely are you to recommend us?"
        assert variables == {"1": "Lindenhof", "2": question, "3": "http://heed.test/s/token"}

    async def test_asks_with_numbers_where_there_is_no_template(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        await invited(notifier, account, low_label="Bad", high_label="Good")
        [request] = provider.received
        [body] = parse_qs(request.body.decode())["Body"]
        assert body.endswith("\n0 = Bad\n" + "".join(f"{score}\n" for score in range(1, 10)) + "10 = Good")


class TestHoldingBack:
    async def test_who_has_no_phone_gets_nothing(self, notifier: Harness, account: UUID, provider: Receiver) -> None:
        message = await texted(notifier, account, phone=None)
        assert (message["state"], message["reason"]) == ("suppressed", "the customer has no phone number")
        assert provider.received == []

    async def test_what_does_not_fit_is_not_cut_off(self, notifier: Harness, account: UUID, provider: Receiver) -> None:
        message = await texted(notifier, account, text="x" * LONGEST)
        assert message["state"] == "failed"
        assert "a text message has 1600 at most" in message["reason"]
        assert provider.received == []

    async def test_a_no_to_text_messages_is_no_no_to_mail(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, phone=PHONE)
        now = notifier.clock.now()
        values: dict[str, Any] = {"consent_id": new_id(), "customer_id": ana, "purpose": "surveys", "channel": "sms"}
        values |= {"granted": False, "basis": "consent", "source": "phone", "text_version": None}
        await notifier.deliver(ConsentChanged(**values, effective_at=now, recorded_at=now), account=account)
        await notifier.deliver(invitation(ana, now, channel="link", medium="sms"), account=account)
        await notifier.deliver(invitation(ana, now), account=account)
        await send_messages(notifier)
        found = {message["channel"]: message["state"] for message in await messages_of(notifier, account)}
        assert found == {"sms": "suppressed", "email": "sent"}
        assert provider.received == []


class TestInvitations:
    async def test_by_text_message_say_it_in_the_customers_language(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, phone=PHONE)
        told = invitation(ana, notifier.clock.now(), channel="link", medium="sms", locale="pt-PT", question="Que tal?")
        await notifier.deliver(told, account=account)
        await send_messages(notifier)
        [request] = provider.received
        [body] = parse_qs(request.body.decode())["Body"]
        assert body.startswith(f"Lindenhof: Que tal? {told.url}\nNão receber mais: http")

    async def test_are_repeated_once_for_each_reminder(
        self, notifier: Harness, account: UUID, provider: Receiver
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, phone=PHONE)
        first = invitation(ana, notifier.clock.now()).model_dump()
        shared = {name: first[name] for name in InvitationReminded.model_fields if name in first}
        reminded = InvitationReminded(
            **shared | {"medium": "email", "number": 2, "most": 2, "invited_at": notifier.clock.now()}
        )
        for _ in range(2):
            await notifier.deliver(reminded, account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["template"] == "reminder"
        assert "This is the last time we ask about this." in message["text"]


class TestWithoutAProvider:
    async def test_they_are_in_the_mailbox(self, harness: Any, account: UUID) -> None:
        notifier: Harness = await harness(SERVICE, public_url="http://heed.test")
        message = await texted(notifier, account, text="See https://heed.test/x")
        assert message["state"] == "sent"
        page = (await notifier.anonymous().get("/mailbox")).text
        [entry] = [part for part in page.split("<li>") if "See https://heed.test/x" in part]
        assert PHONE in entry
        shown = (await notifier.anonymous().get(entry.split('href="')[1].split('"')[0])).text
        assert '<a href="https://heed.test/x"' in shown
        assert "<iframe" not in shown

    async def test_and_without_the_mailbox_they_wait(self, harness: Any, account: UUID) -> None:
        notifier: Harness = await harness(SERVICE, mailbox="off")
        message = await texted(notifier, account)
        assert message["state"] == "queued"
        assert "HEED_SMS_PROVIDER is empty" in message["reason"]


def test_half_a_provider_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="HEED_TWILIO_AUTH_TOKEN and HEED_SMS_FROM"):
        NotifierSettings(sms_provider="twilio", twilio_account_sid="AC1")
