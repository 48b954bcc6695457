"""The way out of the house for text messages and WhatsApp: a port, Twilio behind it, and the mailbox for trying out."""

import base64
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Protocol
from urllib.parse import urlencode
from uuid import UUID

import httpx
import orjson

from services.notifier.mailbox import mailer as mailbox
from services.notifier.messages.mailers import NotSent
from services.notifier.settings import NotifierSettings
from shared.http.client import GuardedClient, NotAllowed
from shared.service import Runtime

# Twilio's limit, and that of ten concatenated messages nearly anywhere: 1,600 characters.
LONGEST: Final = 1_600
WHATSAPP: Final = "whatsapp"
TEXTS: Final = frozenset({"sms", WHATSAPP})
_SECONDS: Final = 30
_READ_AT_MOST: Final = 65_536
# https://www.twilio.com/docs/api/errors: no number, cannot be reached by SMS, or has asked for no more of it.
_NO_NUMBER: Final = frozenset({21211, 21214, 21217, 21614})
_OPTED_OUT: Final = 21610


@dataclass(frozen=True, slots=True)
class ContentTemplate:
    """https://www.twilio.com/docs/content: its id, and what fills {{1}}, {{2}} and so on."""

    sid: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TextMessage:
    """`recipient` in E.164, such as +351912345678."""

    id: UUID
    sender: str
    recipient: str
    text: str
    by_whatsapp: bool = False
    template: ContentTemplate | None = None


class Texter(Protocol):
    async def send(self, message: TextMessage) -> None:
        """Returns when somebody else has taken responsibility for the message. Raises `NotSent`."""
        ...


class TwilioTexter:
    """https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource

    Twilio knows no idempotency key: if the process dies between its answer and our note, the text is sent again.
    """

    def __init__(self, settings: NotifierSettings) -> None:
        account = settings.twilio_account_sid
        self._url = f"{settings.twilio_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        secret = f"{account}:{settings.twilio_auth_token.get_secret_value()}"
        self._authorization = "Basic " + base64.b64encode(secret.encode()).decode()
        # A service of Twilio's (MG...) chooses the number; else it is one number or name.
        self._sender = settings.sms_from
        self._whatsapp_sender = settings.whatsapp_from
        self._client = GuardedClient(allowed=settings.allowed_networks())

    async def send(self, message: TextMessage) -> None:
        form = self._form_of(message)
        headers = {"Authorization": self._authorization, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = await self._client.post(
                self._url,
                content=urlencode(form).encode(),
                headers=headers,
                timeout=_SECONDS,
                read_at_most=_READ_AT_MOST,
            )
        except NotAllowed as problem:
            raise NotSent(f"HEED_TWILIO_URL cannot be used: {problem}") from None
        except (OSError, httpx.HTTPError) as problem:
            raise NotSent(f"the SMS provider could not be reached ({type(problem).__name__})") from None
        if not httpx.codes.is_success(answer.status):
            raise _refusal(answer.status, _code_in(answer.body))

    def _form_of(self, message: TextMessage) -> dict[str, str]:
        prefix, sender = ("whatsapp:", self._whatsapp_sender) if message.by_whatsapp else ("", self._sender)
        if not sender:
            raise NotSent("no WhatsApp sender is set up: HEED_WHATSAPP_FROM is empty")
        # A service of Twilio's (MG...) chooses the number; else it is one number or name.
        by_service = sender.startswith("MG")
        form = {"To": prefix + message.recipient}
        form |= {"MessagingServiceSid": sender} if by_service else {"From": prefix + sender}
        if message.template is None:
            return form | {"Body": message.text}
        values = {str(number): value for number, value in enumerate(message.template.values, start=1)}
        return form | {"ContentSid": message.template.sid, "ContentVariables": orjson.dumps(values).decode()}


def _refusal(status: int, code: int | None) -> NotSent:
    if code == _OPTED_OUT:
        return NotSent("the recipient has asked the SMS provider for no more text messages", is_final=True)
    if code in _NO_NUMBER:
        return NotSent(f"the SMS provider refused the number ({code})", is_final=True)
    if status == httpx.codes.UNAUTHORIZED:
        # The operator can put this right, so it is worth waiting for.
        return NotSent("the SMS provider did not accept Heed's own credentials (401)")
    is_final = httpx.codes.is_client_error(status) and status != httpx.codes.TOO_MANY_REQUESTS
    return NotSent(f"the SMS provider answered {status}" + (f" ({code})" if code else ""), is_final=is_final)


def _code_in(body: bytes) -> int | None:
    try:
        code = orjson.loads(body).get("code")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return code if isinstance(code, int) else None


class MailboxTexter:
    """Keeps text messages where the mail is, for those who try Heed out."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def send(self, message: TextMessage) -> None:
        content = EmailMessage(policy=SMTP)
        content["Message-ID"] = f"<sms.{message.id}@localhost>"
        content.set_content(message.text)
        await mailbox.keep(
            self._runtime,
            message_id=str(content["Message-ID"]),
            sender=message.sender,
            recipient=message.recipient,
            subject=message.text.splitlines()[0][:100] if message.text else "",
            content=bytes(content),
        )


class NoTexter:
    """Neither a provider nor the mailbox is set up; messages wait, and say for what."""

    async def send(self, message: TextMessage) -> None:
        raise NotSent("no SMS provider is set up: HEED_SMS_PROVIDER is empty")


def texter_of(runtime: Runtime) -> Texter:
    """The configured provider, the mailbox, or none; decided once per process."""
    if "texter" not in runtime.state:
        settings: NotifierSettings = runtime.settings
        made: Texter = NoTexter()
        if settings.sms_provider == "twilio":
            made = TwilioTexter(settings)
        elif settings.uses_sms_mailbox:
            made = MailboxTexter(runtime)
        runtime.state["texter"] = made
    texter: Texter = runtime.state["texter"]
    return texter
