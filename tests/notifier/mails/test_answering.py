"""Answers to mails: to whom they go, what they hang from, and what becomes of them. Over real SMTP.

Seen to fail: each limit of automatic answers, and that people have none; an address that is not spared, after one hard
bounce, after three soft ones, within a week; a later report that undoes a worse one, or what is known of a spared
address; spam that withdraws nothing, and an unsubscription that withdraws more than its purpose.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.app import SERVICE
from shared.auth.addresses import BOUNCE, TICKET, reply_addresses
from shared.contracts.consent import PreferenceStated
from shared.contracts.hearing import DeliveryReported
from shared.contracts.mail import MailReceived
from shared.contracts.notifier import MessageFailed, TicketRequested
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import (
    a_customer,
    an_account,
    feedback,
    messages_of,
    send_messages,
    ticket_opened,
    ticket_replied,
    ticket_resolved,
)
from tests.notifier.messages.test_smtp import SENDER, Sink, sink  # noqa: F401

OWN = "support@lindenhof.example"


@pytest.fixture
async def notifier(harness: Any, sink: Sink) -> Harness:  # noqa: F811
    made: Harness = await harness(
        SERVICE,
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        smtp_security="none",
        smtp_from=SENDER,
        mailbox="off",
        reply_address="help@lindenhof.example",
    )
    return made


class Conversation:
    """One by mail, with a customer or a stranger."""

    def __init__(self, notifier: Harness, account: UUID) -> None:
        self.notifier, self.account = notifier, account
        self.thread_id, self.ticket_id = new_id(), new_id()
        self.address = f"ana-{account}@example.com"

    async def comes(self, message_id: str = "1@example.com", **fields: Any) -> None:
        values: dict[str, Any] = {
            "thread_id": self.thread_id,
            "feedback_id": new_id(),
            "ticket_id": None,
            "message_id": message_id,
            "references": ("0@example.com",),
            "mailbox": OWN,
            "address": self.address,
            "copies": (),
            "subject": "My order",
            "automatic": None,
            "trusted": True,
            "occurred_at": self.notifier.clock.now(),
        }
        await self.notifier.deliver(MailReceived(**values | fields), account=self.account, subject=self.thread_id)

    async def is_answered(self, customer_id: UUID | None = None) -> None:
        replied = ticket_replied(customer_id, ticket_id=self.ticket_id, thread_id=self.thread_id)
        await self.notifier.deliver(replied, account=self.account)
        await send_messages(self.notifier)

    async def is_acknowledged(self, customer_id: UUID | None = None) -> None:
        now = self.notifier.clock.now()
        opened = ticket_opened(customer_id, now, ticket_id=self.ticket_id, thread_id=self.thread_id)
        await self.notifier.deliver(opened, account=self.account)
        await send_messages(self.notifier)

    async def report(self, state: str, **fields: Any) -> None:
        values: dict[str, Any] = {
            "report_id": new_id(),
            "source_id": new_id(),
            "source": "postmark",
            "channel": "email",
            "message_id": None,
            "recipient": None,
            "state": state,
            "reason": "550",
            "reported_at": self.notifier.clock.now(),
        }
        await self.notifier.deliver(DeliveryReported(**values | fields), account=self.account)

    async def messages(self) -> list[dict[str, Any]]:
        return await messages_of(self.notifier, self.account)


@pytest.fixture
async def talk(notifier: Harness, account: UUID) -> Conversation:
    await an_account(notifier, account)
    return Conversation(notifier, account)


class TestAnAnswer:
    async def test_hangs_from_the_mail_and_leads_back_to_the_ticket(self, talk: Conversation, sink: Sink) -> None:  # noqa: F811
        await talk.comes(copies=("ben@example.com", "no address at all@@"))
        await talk.is_answered()
        [mail] = sink.mail_to(talk.address)
        signer = reply_addresses(talk.notifier.runtime.settings)
        assert mail["In-Reply-To"] == "<1@example.com>"
        root = f"<{signer.token(TICKET, talk.account, talk.ticket_id)}@lindenhof.example>"
        assert mail["References"].split() == ["<0@example.com>", "<1@example.com>", root]
        assert signer.read(mail["Reply-To"], TICKET, talk.account) == talk.ticket_id
        assert mail["Reply-To"].startswith("support+t.")
        assert mail["Subject"] == "Re: My order [#7]"
        assert mail["Cc"] == "ben@example.com"
        assert len(sink.mail_to("ben@example.com")) == 1
        [envelope] = [each for each in sink.envelopes if talk.address in each.rcpt_tos]
        [message] = await talk.messages()
        assert signer.read(str(envelope.mail_from), BOUNCE, talk.account) == UUID(message["id"])

    async def test_goes_to_the_latest_who_may_have_it_in_whatever_order_they_are_told(
        self,
        talk: Conversation,
        sink: Sink,  # noqa: F811
    ) -> None:
        now = talk.notifier.clock.now()
        other, eve = f"work-{talk.account}@example.com", f"eve-{talk.account}@evil.example"
        await talk.comes("3@x", address=eve, trusted=False, occurred_at=now)
        await talk.comes("2@x", address=other, occurred_at=now - timedelta(minutes=1))
        await talk.comes("1@x", occurred_at=now - timedelta(minutes=2))
        await talk.comes("4@x", address=eve, automatic="auto_reply", trusted=False, occurred_at=now)
        await talk.is_answered()
        [mail] = sink.mail_to(other)
        assert mail["In-Reply-To"] == "<3@x>"
        assert sink.mail_to(talk.address) == sink.mail_to(eve) == []

    async def test_goes_to_the_tickets_customer_if_nobody_else_may_have_it(
        self,
        talk: Conversation,
        sink: Sink,  # noqa: F811
    ) -> None:
        customer_id = await a_customer(talk.notifier, talk.account, email=talk.address)
        await talk.comes(address="eve@evil.example", trusted=False)
        await talk.is_answered(customer_id)
        assert len(sink.mail_to(talk.address)) == 1

    async def test_a_ticket_that_began_elsewhere_is_answered_to_the_installations_address(
        self,
        talk: Conversation,
        sink: Sink,  # noqa: F811
    ) -> None:
        customer_id = await a_customer(talk.notifier, talk.account, email=talk.address)
        replied = ticket_replied(customer_id, ticket_id=talk.ticket_id)
        await talk.notifier.deliver(replied, account=talk.account)
        await send_messages(talk.notifier)
        [mail] = sink.mail_to(talk.address)
        assert mail["Reply-To"].startswith("help+t.")
        assert mail["In-Reply-To"] is None

    async def test_the_request_for_a_ticket_names_the_conversation(self, talk: Conversation) -> None:
        said = feedback(talk.notifier.clock.now(), thread_id=talk.thread_id)
        await talk.notifier.deliver(said, account=talk.account)
        [asked] = await talk.notifier.emitted(talk.account, TicketRequested)
        assert isinstance(asked.data, TicketRequested)
        assert asked.data.thread_id == talk.thread_id


class TestAnAutomaticAnswer:
    async def test_once_a_day_to_one_address(self, talk: Conversation, sink: Sink) -> None:  # noqa: F811
        await talk.comes()
        for _ in range(2):
            await talk.is_acknowledged()
        [mail] = sink.mail_to(talk.address)
        assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
        [envelope] = [each for each in sink.envelopes if talk.address in each.rcpt_tos]
        assert envelope.mail_from == "<>"
        assert sorted(each["state"] for each in await talk.messages()) == ["sent", "suppressed"]
        talk.notifier.clock.advance(timedelta(hours=25))
        await talk.is_acknowledged()
        assert len(sink.mail_to(talk.address)) == 2

    async def test_once_to_one_address_however_many_are_due_at_once(
        self,
        talk: Conversation,
        sink: Sink,  # noqa: F811
    ) -> None:
        ana = await a_customer(talk.notifier, talk.account, email=talk.address)
        for _ in range(5):
            opened = ticket_opened(ana, talk.notifier.clock.now(), ticket_id=new_id())
            await talk.notifier.deliver(opened, account=talk.account)
        await send_messages(talk.notifier)
        assert len(sink.mail_to(talk.address)) == 1
        assert sorted(each["state"] for each in await talk.messages()) == ["sent"] + ["suppressed"] * 4

    async def test_five_times_in_one_conversation(self, talk: Conversation, sink: Sink) -> None:  # noqa: F811
        await talk.comes()
        for _ in range(7):
            await talk.is_acknowledged()
            talk.notifier.clock.advance(timedelta(hours=25))
        assert len(sink.mail_to(talk.address)) == 5
        assert "enough automatic answers" in (await talk.messages())[0]["reason"]

    async def test_a_persons_answer_knows_no_limit(self, talk: Conversation, sink: Sink) -> None:  # noqa: F811
        """Neither by other answers of theirs, nor by what a machine has just sent."""
        await talk.comes()
        await talk.is_acknowledged()
        for _ in range(3):
            await talk.is_answered()
        assert len(sink.mail_to(talk.address)) == 4


class TestWhatBecameOfIt:
    async def test_a_hard_bounce_spares_the_address_until_somebody_knows_better(
        self, talk: Conversation, account: UUID
    ) -> None:
        await talk.comes()
        await talk.is_answered()
        [message] = await talk.messages()
        await talk.report("bounced_hard", message_id=f"{message['id']}@lindenhof.example")
        await talk.is_answered()
        second, first = await talk.messages()
        assert (first["state"], second["state"]) == ("bounced", "suppressed")
        assert "cannot be delivered" in second["reason"]
        assert len(await talk.notifier.emitted(account, MessageFailed)) == 2
        client = talk.notifier.client(account=account)
        [spared] = (await client.get("/v1/suppressions")).json()["data"]
        assert (spared["address"], spared["reason"], spared["message_id"]) == (
            talk.address, "bounced_hard", message["id"],
        )  # fmt: skip
        stranger = talk.notifier.client(account=new_id())
        assert (await stranger.get("/v1/suppressions")).json()["data"] == []
        assert (await stranger.delete(f"/v1/suppressions/{spared['id']}")).status_code == 404
        assert (await talk.notifier.anonymous().get("/v1/suppressions")).status_code == 401
        assert (await client.delete(f"/v1/suppressions/{spared['id']}")).status_code == 204
        await talk.is_answered()
        assert (await talk.messages())[0]["state"] == "sent"

    async def test_what_is_known_already_stays(self, talk: Conversation, account: UUID) -> None:
        """A report that it was delivered may be late, and a second reason to spare an address is not the first."""
        await talk.comes()
        await talk.is_answered()
        [message] = await talk.messages()
        client = talk.notifier.client(account=account)
        listed = []
        for state in ("bounced_hard", "delivered", "complained"):
            await talk.report(state, message_id=message["id"])
            listed.append((await client.get("/v1/suppressions")).json()["data"])
            talk.notifier.clock.advance(timedelta(minutes=1))
        assert (await talk.messages())[0]["state"] == "bounced"
        assert [each["reason"] for each in listed[0]] == ["bounced_hard"]
        assert listed[0] == listed[1] == listed[2]

    async def test_who_unsubscribes_from_a_message_does_so_from_its_purpose_alone(
        self, talk: Conversation, account: UUID
    ) -> None:
        customer_id = await a_customer(talk.notifier, account, email=talk.address)
        await talk.is_answered(customer_id)
        [message] = await talk.messages()
        await talk.report("unsubscribed", message_id=message["id"])
        said = [event.data for event in await talk.notifier.emitted(account, PreferenceStated)]
        assert {(each.purpose, each.granted) for each in said if isinstance(each, PreferenceStated)} == {
            (message["purpose"], False)
        }

    async def test_soft_bounces_three_in_a_week(self, talk: Conversation) -> None:
        await talk.comes()
        for days in (0, 8, 1):
            talk.notifier.clock.advance(timedelta(days=days))
            await talk.report("bounced_soft", recipient=talk.address.upper())
        await talk.is_answered()
        assert (await talk.messages())[0]["state"] == "sent"
        talk.notifier.clock.advance(timedelta(days=1))
        await talk.report("bounced_soft", recipient=talk.address)
        await talk.is_answered()
        assert (await talk.messages())[0]["state"] == "suppressed"

    @pytest.mark.parametrize(("state", "spared"), [("complained", True), ("unsubscribed", False)])
    async def test_who_does_not_want_it_has_withdrawn_their_consent(
        self, talk: Conversation, account: UUID, state: str, *, spared: bool
    ) -> None:
        customer_id = await a_customer(talk.notifier, account, email=talk.address)
        await talk.report(state, recipient=talk.address)
        said = await talk.notifier.emitted(account, PreferenceStated)
        assert {event.subject for event in said} == {customer_id}
        stated = [event.data for event in said if isinstance(event.data, PreferenceStated)]
        assert {(each.purpose, each.channel, each.granted) for each in stated} == {
            ("surveys", "email", False), ("marketing", "email", False),
        }  # fmt: skip
        listed = (await talk.notifier.client(account=account).get("/v1/suppressions")).json()["data"]
        assert bool(listed) is spared

    async def test_by_the_address_that_bounces_go_to(self, talk: Conversation, account: UUID) -> None:
        await talk.comes()
        await talk.is_answered()
        [message] = await talk.messages()
        signer = reply_addresses(talk.notifier.runtime.settings)
        address = signer.address("help@lindenhof.example", BOUNCE, account, UUID(message["id"]))
        await talk.report("delivered", message_id=address)
        assert (await talk.messages())[0]["state"] == "delivered"

    @pytest.mark.parametrize("about", ["unknown", "another accounts", "nothing"])
    async def test_a_report_about_nothing_of_ours_changes_nothing(
        self, talk: Conversation, account: UUID, about: str
    ) -> None:
        await talk.comes()
        await talk.is_answered()
        [message] = await talk.messages()
        named = {"unknown": f"{new_id()}@x", "another accounts": message["id"], "nothing": None}[about]
        mine, talk.account = talk.account, new_id() if about == "another accounts" else account
        await talk.report("bounced_hard", message_id=named)
        talk.account = mine
        assert (await talk.messages())[0]["state"] == "sent"

    async def test_a_resolution_is_told_in_the_conversation(self, talk: Conversation, sink: Sink) -> None:  # noqa: F811
        await talk.comes()
        resolved = ticket_resolved(None, talk.notifier.clock.now(), ticket_id=talk.ticket_id, thread_id=talk.thread_id)
        await talk.notifier.deliver(resolved, account=talk.account)
        await send_messages(talk.notifier)
        assert [mail["In-Reply-To"] for mail in sink.mail_to(talk.address)] == ["<1@example.com>"]
