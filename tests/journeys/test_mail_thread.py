"""A mail thread of an angry customer: reply, out-of-office note, forwarded copy, bounce. It ends as one conversation,
with nothing lost and nothing answered by mistake. Over the product's own processes, SMTP and HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from aiosmtpd.smtp import SMTP

from shared.testing.databases import DATABASE_SECRET, Databases, create_database
from tests.journeys.heed import running_heed
from tests.notifier.messages.test_smtp import Sink

T = TypeVar("T")
OWN, ANA, BEN = "support@shop.example", "ana@example.com", "ben@partner.example"
PATIENCE_SECONDS = 60.0


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    keeping = Sink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(keeping, hostname="sink"), "127.0.0.1", 0)
    keeping.port = server.sockets[0].getsockname()[1]
    yield keeping
    server.close()
    await server.wait_closed()


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")


class Support:
    """What the account's people see and do, and what Postmark hands in."""

    def __init__(self, client: httpx.AsyncClient, sink: Sink) -> None:
        self.client, self.sink = client, sink
        self.hook = ""

    async def connect(self) -> None:
        settings, secrets = {"addresses": [OWN]}, {"passwords": ["a long random word"]}
        source = {"adapter": "postmark", "name": "Support", "settings": settings, "secrets": secrets}
        self.hook = (await self.post("/v1/sources", source, 201))["hook_url"]

    async def comes(
        self, sender: str, text: str, *, to: str = OWN, answers: EmailMessage | None = None, **headers: str
    ) -> str:
        """A mail as it arrives; its Message-ID."""
        mail = EmailMessage()
        mail["From"], mail["To"] = f"{sender.partition('@')[0].title()} <{sender}>", to
        mail["Message-ID"] = headers.pop("Message_ID", f"<{time.time_ns()}@mail.example>")
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            mail["References"] = f"{answers['References'] or ''} {answers['Message-ID']}".strip()
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail["X-Spam-Tests"] = "DKIM_SIGNED,DKIM_VALID,DKIM_VALID_AU"
        mail.set_content(text)
        await self.arrives(mail.as_string(), sender)
        return str(mail["Message-ID"])

    async def arrives(self, raw: str, sender: str) -> None:
        body = {"FromFull": {"Email": sender, "Name": ""}, "RawEmail": raw, "MessageID": str(time.time_ns())}
        path = httpx.URL(self.hook).path
        answer = await self.client.post(path, json=body, auth=("heed", "a long random word"))
        assert answer.status_code == 200, answer.text

    async def post(self, path: str, body: Any, status: int) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == status, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def ticket(self) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            found = (await self.get("/v1/tickets"))["data"]
            return found[0] if found else None

        return await until(look, "a ticket is open")

    async def conversation(self, count: int) -> list[dict[str, Any]]:
        ticket = await self.ticket()

        async def look() -> list[dict[str, Any]] | None:
            found: list[dict[str, Any]] = (await self.get(f"/v1/tickets/{ticket['id']}/messages"))["data"]
            return found if len(found) >= count else None

        return await until(look, f"{count} messages in the conversation")

    async def mail(self, count: int) -> EmailMessage:
        """The latest that Ana got."""

        async def look() -> EmailMessage | None:
            found = self.sink.mail_to(ANA)
            return found[-1] if len(found) >= count else None

        return await until(look, f"{count} mails to Ana")

    async def state(self, wanted: str) -> None:
        async def look() -> bool | None:
            return True if (await self.ticket())["state"] == wanted else None

        await until(look, f"the ticket is {wanted}")


@pytest.mark.slow
async def test_ends_as_one_conversation(sink: Sink, databases: Databases, worker_id: str, tmp_path: Path) -> None:
    empty = await create_database(f"{worker_id}_mail_thread")
    environment = {
        "HEED_DATABASE_URL": empty.url,
        "HEED_DATABASE_SECRET": DATABASE_SECRET,
        "HEED_BUS_PREFIX": tmp_path.name.replace("_", "-")[-40:],
        "HEED_SMTP_HOST": "127.0.0.1",
        "HEED_SMTP_PORT": str(sink.port),
        "HEED_SMTP_SECURITY": "none",
        "HEED_SMTP_FROM": "heed@shop.example",
        "HEED_REPLY_ADDRESS": OWN,
    }
    async with running_heed(tmp_path / "home", **environment) as heed, heed.client() as client:
        support = Support(client, sink)
        await support.connect()

        first = await support.comes(
            ANA, "This is terrible. The box was broken and nobody answers!", Subject="Broken box"
        )
        acknowledgement = await support.mail(1)
        assert acknowledgement["Auto-Submitted"] == "auto-replied"
        ticket = await support.ticket()
        assert (ticket["subject"], ticket["state"]) == ("Broken box", "open")

        away = {"Subject": "Away", "Auto_Submitted": "auto-replied"}
        await support.comes(
            ANA, "I am away until Monday.", to=acknowledgement["Reply-To"], answers=acknowledgement, **away
        )
        await support.conversation(2)

        path = f"/v1/tickets/{ticket['id']}"
        await support.post(f"{path}/messages", {"text": "A new box is on its way."}, 201)
        answer = await support.mail(2)
        assert answer["In-Reply-To"] == first
        quoted = "Too late!\n\nOn Mon, 2 Mar 2026 at 09:30, Shop wrote:\n> A new box is on its way.\n"
        await support.comes(ANA, quoted, to=answer["Reply-To"], answers=answer, Subject="Re: Broken box")
        said = await support.conversation(4)
        assert said[-1]["text"] == "Too late!"

        copy = EmailMessage()
        copy["Message-ID"] = first
        await support.comes(BEN, "Is this yours?\n\n---------- Forwarded message ---------\nFrom: Ana", answers=copy)
        await support.conversation(5)

        await support.post(f"{path}/resolve", {"reason": "Sent a new box"}, 200)
        await support.mail(3)
        await support.comes(
            ANA, "It is broken as well.", to=answer["Reply-To"], answers=answer, Subject="Re: Broken box"
        )
        await support.state("open")

        await support.arrives(bounce_of(answer), "MAILER-DAEMON@mx.example.com")
        said = await support.conversation(7)

        async def bounced() -> bool | None:
            messages = (await support.get(f"/v1/messages?ticket_id={ticket['id']}"))["data"]
            return True if "bounced" in {each["state"] for each in messages} else None

        await until(bounced, "the bounce is known")
        assert len((await support.get("/v1/tickets"))["data"]) == 1
        assert [(each["author_name"], each["automatic"]) for each in said if each["feedback_id"]] == [
            ("Ana", None),
            ("Ana", "auto_reply"),
            ("Ana", None),
            ("Ben", None),
            ("Ana", None),
            ("Mail Delivery System", "bounce"),
        ]
        # One acknowledgement, one answer, one resolution; nothing to the machines and nothing to Ben.
        assert [mail["Auto-Submitted"] for mail in sink.mail_to(ANA)] == ["auto-replied", None, "auto-generated"]
        assert {address for envelope in sink.envelopes for address in envelope.rcpt_tos} == {ANA}


def bounce_of(mail: EmailMessage) -> str:
    """RFC 3464: the server that should have taken it could not."""
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\nTo: {OWN}\nSubject: Undelivered\n"
        "Message-ID: <dsn@mx>\n"
        f"In-Reply-To: {mail['Message-ID']}\nReferences: {mail['References']} {mail['Message-ID']}\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n"
        f"Final-Recipient: rfc822; {ANA}\nAction: failed\nStatus: 5.2.2\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {mail['Message-ID']}\n\n--b--\n"
    )
