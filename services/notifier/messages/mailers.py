"""The way out of the house for mail."""

import asyncio
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib
from aiosmtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from services.notifier.settings import NotifierSettings

# For each step of the conversation, and for all of it: the whole must end before the claim's lease does.
STEP_SECONDS = 20
WHOLE_SECONDS = 45


class NotSent(Exception):
    """The mail did not leave. `reason` is for people and names no address; `is_final` means: do not try again."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one recipient, and to others who take part. `sender` is where bounces go: empty for what must
    never be answered."""

    content: EmailMessage
    sender: str
    recipient: str
    copies: tuple[str, ...] = ()


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Returns when somebody else has taken responsibility for the mail. Raises `NotSent`."""
        ...


class SMTPMailer:
    """Hands mail to the configured server, one connection a message."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings

    async def send(self, mail: Mail) -> None:
        settings = self._settings
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await aiosmtplib.send(
                    mail.content,
                    sender=mail.sender,
                    recipients=[mail.recipient, *mail.copies],
                    hostname=settings.smtp_host,
                    port=settings.smtp_port,
                    username=settings.smtp_user or None,
                    password=settings.smtp_password.get_secret_value() or None,
                    use_tls=settings.smtp_security == "tls",
                    start_tls=settings.smtp_security == "starttls",
                    timeout=STEP_SECONDS,
                )
        except SMTPRecipientsRefused as problem:
            code = problem.recipients[0].code
            raise NotSent(f"the mail server refused the address ({code})", is_final=code >= 500) from None
        except aiosmtplib.SMTPAuthenticationError as problem:
            # The operator can put this right, so it is worth waiting for.
            raise NotSent(f"the mail server did not accept Heed's own credentials ({problem.code})") from None
        except SMTPResponseException as problem:
            raise NotSent(f"the mail server answered {problem.code}", is_final=problem.code >= 500) from None
        except (SMTPException, OSError) as problem:
            raise NotSent(f"the mail server could not be reached ({type(problem).__name__})") from None


class NoMailer:
    """Neither a server nor the mailbox is set up; messages wait, and say for what."""

    async def send(self, mail: Mail) -> None:
        raise NotSent("no mail server is set up: HEED_SMTP_HOST is empty")
