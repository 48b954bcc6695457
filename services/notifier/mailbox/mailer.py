"""A mailer whose mail never leaves the house."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.notifier.mailbox.models import MailboxMail
from services.notifier.messages.mailers import Mail
from shared.ids import new_id
from shared.service import Runtime

# It is there to be looked at, not to be an archive.
KEPT = 500


class MailboxMailer:
    """Keeps the newest `KEPT` mails; one that comes again under the same Message-ID is the same mail."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def send(self, mail: Mail) -> None:
        await keep(
            self._runtime,
            message_id=str(mail.content["Message-ID"]),
            sender=str(mail.content["From"]),
            recipient=str(mail.content["To"]),
            subject=str(mail.content["Subject"]),
            content=bytes(mail.content),
        )


async def keep(runtime: Runtime, *, message_id: str, sender: str, recipient: str, subject: str, content: bytes) -> None:
    statement = insert(MailboxMail).values(
        id=new_id(),
        message_id=message_id,
        sender=sender,
        recipient=recipient,
        subject=subject,
        content=content,
        received_at=runtime.clock.now(),
    )
    oldest = select(MailboxMail.id).order_by(MailboxMail.id.desc()).offset(KEPT)
    async with runtime.database.transaction(None) as session:
        await session.execute(statement.on_conflict_do_nothing(index_elements=["message_id"]))
        await session.execute(delete(MailboxMail).where(MailboxMail.id.in_(oldest)))
