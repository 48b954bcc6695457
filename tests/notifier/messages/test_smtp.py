"""Mail over real SMTP on loopback: what arrives is what a customer's mail program would see. R-52 in small form."""

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifier.app import SERVICE
from shared.auth.addresses import TICKET, reply_addresses
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import (
    a_customer,
    an_account,
    invitation,
    messages_of,
    send_messages,
    ticket_opened,
    ticket_replied,
)

SENDER = "hello@lindenhof.example"


class Sink:
    """A mail server: keeps every envelope, and refuses recipients whose name begins with a status."""

    def __init__(self) -> None:
        self.port = 0
        self.envelopes: list[Envelope] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address[:3].isdigit():
            return f"{address[:3]} not today <{address}>"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 taken"

    def mail_to(self, address: str) -> list[EmailMessage]:
        return [self.parsed(envelope) for envelope in self.envelopes if address in envelope.rcpt_tos]

    def parsed(self, envelope: Envelope) -> EmailMessage:
        assert isinstance(envelope.content, bytes)
        return message_from_bytes(envelope.content, policy=default)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    keeping = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keeping, hostname="sink", enable_SMTPUTF8=True), "127.0.0.1", 0)
    keeping.port = server.sockets[0].getsockname()[1]
    yield keeping
    server.close()
    await server.wait_closed()


@pytest.fixture
async def notifier(harness: Any, sink: Sink) -> Harness:
    made: Harness = await harness(
        SERVICE, smtp_host="127.0.0.1", smtp_port=sink.port, smtp_security="none", smtp_from=SENDER, mailbox="off"
    )
    return made


class TestWhatArrives:
    async def test_has_text_and_html_from_the_business(self, notifier: Harness, account: UUID, sink: Sink) -> None:
        await an_account(notifier, account, name="Bäckerei Lindenhof")
        ana = await a_customer(notifier, account, email="smtp@example.com")
        await notifier.deliver(invitation(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)

        [mail] = sink.mail_to("smtp@example.com")
        assert mail["From"] == f"Bäckerei Lindenhof <{SENDER}>"
        assert mail["To"] == "smtp@example.com"
        assert mail["Subject"] == "One question from Bäckerei Lindenhof"
        assert mail["Auto-Submitted"] == "auto-generated"
        [message] = await messages_of(notifier, account)
        assert mail["Message-ID"] == f"<{message['id']}@lindenhof.example>"
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "http://heed.test/s/token?score=10" in text.get_content()
        assert 'href="http://heed.test/s/token?score=10"' in html.get_content()
        assert "{{" not in html.get_content() + text.get_content()

    async def test_an_acknowledgement_cannot_be_answered_by_a_machine(
        self, notifier: Harness, account: UUID, sink: Sink
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ack@example.com")
        await notifier.deliver(ticket_opened(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)
        [mail] = sink.mail_to("ack@example.com")
        assert mail["Auto-Submitted"] == "auto-replied"
        [envelope] = [envelope for envelope in sink.envelopes if "ack@example.com" in envelope.rcpt_tos]
        assert envelope.mail_from == "<>"

    async def test_a_persons_reply_hangs_in_the_tickets_thread(
        self, notifier: Harness, account: UUID, sink: Sink
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="thread@example.com")
        ticket_id = new_id()
        await notifier.deliver(ticket_opened(ana, notifier.clock.now(), ticket_id=ticket_id), account=account)
        await notifier.deliver(ticket_replied(ana, ticket_id=ticket_id), account=account)
        await send_messages(notifier)
        mails = sink.mail_to("thread@example.com")
        token = reply_addresses(notifier.runtime.settings).token(TICKET, account, ticket_id)
        assert [mail["References"] for mail in mails] == [f"<{token}@lindenhof.example>"] * 2
        assert [mail["Auto-Submitted"] for mail in mails].count(None) == 1


class TestWhatTheServerSays:
    @pytest.mark.parametrize(("status", "state"), [("450", "queued"), ("550", "failed")])
    async def test_decides_whether_to_try_again_and_no_address_is_kept_in_the_reason(
        self, notifier: Harness, account: UUID, status: str, state: str
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email=f"{status}-ana@example.com")
        await notifier.deliver(ticket_replied(ana), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == (state, f"the mail server refused the address ({status})")

    async def test_nothing_at_all_is_a_failure_that_may_pass(
        self, harness: Any, account: UUID, unused_tcp_port: int
    ) -> None:
        notifier = await harness(SERVICE, smtp_host="127.0.0.1", smtp_port=unused_tcp_port, mailbox="off")
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(ticket_replied(ana), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "queued"
        assert "could not be reached" in message["reason"]

    async def test_without_any_server_messages_wait_and_say_for_what(self, harness: Any, account: UUID) -> None:
        notifier = await harness(SERVICE, mailbox="off")
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(ticket_replied(ana), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "queued"
        assert "HEED_SMTP_HOST" in message["reason"]


LINE_ENDS = ["\r\n", "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\t\r\n ", "\n\n"]


class TestHeaderInjection:
    @pytest.mark.parametrize("end", LINE_ENDS, ids=repr)
    async def test_no_name_or_subject_begins_a_header(
        self, notifier: Harness, account: UUID, sink: Sink, end: str
    ) -> None:
        payload = f"x{end}Bcc: spy@example.com{end}X-Injected: yes{end}{end}body"
        await an_account(notifier, account, name=payload)
        address = f"inject-{account}@example.com"
        ana = await a_customer(notifier, account, email=address, name=payload)
        await notifier.deliver(ticket_replied(ana, subject=payload), account=account)
        await notifier.deliver(ticket_opened(ana, notifier.clock.now(), subject=payload), account=account)
        await send_messages(notifier)

        mails = sink.mail_to(address)
        assert len(mails) == 2
        for mail in mails:
            allowed = {
                "From", "To", "Subject", "Date", "Message-ID", "References", "MIME-Version", "Content-Type",
                "Auto-Submitted", "X-Auto-Response-Suppress", "X-PM-Metadata-heed-message",
            }  # fmt: skip
            assert set(mail.keys()) <= allowed
            assert len(mail["Subject"].splitlines()) == 1
        assert sink.mail_to("spy@example.com") == []

    @pytest.mark.parametrize(
        "address",
        ["a@example.com\r\nBcc: spy@example.com", "a@example.com, spy@example.com", "spy@example.com>\n", "x"],
    )
    async def test_what_is_no_single_address_is_not_sent_to(
        self, notifier: Harness, account: UUID, sink: Sink, address: str
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email=address)
        await notifier.deliver(ticket_replied(ana), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "failed"
        assert sink.mail_to("spy@example.com") == []
