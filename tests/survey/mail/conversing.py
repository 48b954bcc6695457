"""Mails as they come, heard by the survey service."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.survey.hearing.canonical import FeedbackItem
from services.survey.hearing.service import hear
from services.survey.mail.items import items_of
from services.survey.mail.letter import Letter
from services.survey.mail.parsing import parse_mail
from shared.contracts.mail import MailReceived
from shared.contracts.tickets import Origin, TicketOpened
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.hearing.making import Sender

OWN = "support@shop.example"
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = "ana@example.com"


class Post:
    """A source of mail of one account. What it is handed is heard, and what others hear of it is the answer."""

    def __init__(self, survey: Harness, account: UUID) -> None:
        self.survey, self.account = survey, account
        self.source = Sender(adapter="postmark")
        self._number = 0

    async def comes(
        self, text: str = "Hello", *, authentic: bool = True, files: Any = (), **headers: Any
    ) -> MailReceived:
        """`from_`, `to`, `subject`, `id`, `answers` and `references` by their names, others as headers."""
        self._number += 1
        number = self._number
        lines = {
            "From": headers.pop("from_", ANA),
            "To": headers.pop("to", OWN),
            "Subject": headers.pop("subject", "My order"),
            "Message-ID": f"<{headers.pop('id', f'{number}@{self.source.id}')}>",
            "Date": (AT + timedelta(minutes=number)).strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        if (answers := headers.pop("answers", None)) is not None:
            lines["In-Reply-To"] = f"<{answers}>"
            lines["References"] = f"<{answers}>"
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + f"\r\n{text}\r\n"
        letter = parse_mail(raw.encode())
        await self.hear(letter, authentic=authentic, files=files)
        received = [event.data for event in await self.survey.emitted(self.account, MailReceived)]
        latest = received[-1]
        assert isinstance(latest, MailReceived)
        return latest

    async def hear(self, letter: Letter, *, authentic: bool = True, files: Any = ()) -> UUID:
        """The id of the feedback that it became."""
        letter = Letter(
            headers=letter.headers, text=letter.text, attachments=files, authentic=authentic, report=letter.report
        )
        items = items_of(letter, received_at=AT + timedelta(hours=1), own=[OWN])
        assert isinstance(items[-1], FeedbackItem)
        async with self.survey.work(self.account) as work:
            work.settings = self.survey.runtime.settings
            heard = await hear(work, self.source, items)
        feedback_id = heard[-1].feedback_id
        assert feedback_id is not None
        return feedback_id

    async def ticket(self, number: int, *, about: MailReceived | None = None, customer_id: UUID | None = None) -> UUID:
        """The tickets service has opened one."""
        ticket_id, feedback_id = new_id(), about.feedback_id if about else None
        opened = TicketOpened(
            ticket_id=ticket_id,
            number=number,
            subject="x",
            priority="normal",
            assignee_id=None,
            assignee_name=None,
            customer_id=customer_id,
            channel="email",
            origin=Origin(kind="rule", feedback_id=feedback_id, rule_id=None, request_id=None),
            first_response_due_at=AT,
            resolution_due_at=AT,
            opened_at=AT,
        )
        await self.survey.deliver(opened, account=self.account, subject=ticket_id)
        return ticket_id
