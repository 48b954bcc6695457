"""Files of tickets: handed in first, then named in a message, forgotten if none names them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update

from services.tickets.attachments.links import file_url
from services.tickets.attachments.models import Attachment
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_ticket
from services.tickets.conversation.models import Message
from shared.attachments import is_dangerous, plain_name, type_of
from shared.bus.subscriptions import Timer
from shared.contracts.tickets import AttachedFile
from shared.files import FileMissing, file_key, file_store
from shared.http.errors import Conflict, FieldProblem, NotFound, TooLarge, TooMany, Unacceptable
from shared.ids import new_id
from shared.work import Work

LARGEST: Final = 20 * 1_048_576
# Of one ticket, that no message names yet.
MOST_WAITING: Final = 20
UNCLAIMED: Final = "attachments.unclaimed"
UNCLAIMED_AFTER: Final = timedelta(days=2)
# So long after it was handed in a link in a mail gives it out.
LINKS_LAST: Final = timedelta(days=90)


class NoSuchAttachment(NotFound):
    """There is no such file here."""

    code = "attachment_not_found"


class AlreadySaid(Conflict):
    """A message has this file: what was said stays as it was."""

    code = "attachment_in_use"


async def take(work: Work, ticket_id: UUID, name: str, content: bytes) -> Attachment:
    """Raises `NoSuchTicket`, `Unacceptable`, `TooLarge` or `TooMany`."""
    ticket = await lock_ticket(work, ticket_id)
    if not content:
        raise Unacceptable.field("/", "empty", "The body is the file, and it is empty.")
    if len(content) > LARGEST:
        raise TooLarge(f"At most {LARGEST // 1_048_576} MB are accepted here.")
    plain = plain_name(name)
    if is_dangerous(plain, content):
        detail = "Opening this file would run something, so nobody can be sent it. Send a link to where it is."
        raise Unacceptable.field("/", "dangerous_file", detail)
    waiting = (Attachment.account_id == work.account_id) & (Attachment.ticket_id == ticket.id)
    counted = select(func.count()).where(waiting, Attachment.message_id.is_(None))
    if (await work.session.scalar(counted) or 0) >= MOST_WAITING:
        raise TooMany(f"{MOST_WAITING} files of this ticket wait for a message. Send or remove one.", retry_after=60)
    attachment = Attachment(
        id=new_id(),
        account_id=work.account_id,
        ticket_id=ticket.id,
        message_id=None,
        name=plain,
        media_type=type_of(content, plain),
        size=len(content),
        author=str(work.actor),
        created_at=work.now,
    )
    work.session.add(attachment)
    await work.schedule(UNCLAIMED, key=str(attachment.id), due_at=work.now + UNCLAIMED_AFTER)
    # The bytes first: a row never names a file that is not there.
    await file_store(work.settings).put(file_key(work.account_id, attachment.id), content)
    return attachment


async def claim(work: Work, message: Message, attachment_ids: Sequence[UUID]) -> None:
    """The message has these files. Raises `Unacceptable` for one that is not this ticket's, or is in a message."""
    if not attachment_ids:
        return
    mine = (Attachment.account_id == work.account_id) & (Attachment.ticket_id == message.ticket_id)
    free = select(Attachment).where(mine, Attachment.message_id.is_(None), Attachment.id.in_(attachment_ids))
    found = {each.id: each for each in await work.session.scalars(free.with_for_update())}
    problems = tuple(
        FieldProblem(f"/attachment_ids/{place}", "unknown_attachment", "waits for no message of this ticket")
        for place, attachment_id in enumerate(attachment_ids)
        if attachment_id not in found
    )
    if problems:
        raise Unacceptable("Some files are not there to be sent; `errors` says which.", errors=problems)
    for attachment in found.values():
        attachment.message_id = message.id
    await work.session.flush()


async def of_ticket(work: Work, ticket_id: UUID) -> list[Attachment]:
    mine = (Attachment.account_id == work.account_id) & (Attachment.ticket_id == ticket_id)
    return list(await work.session.scalars(select(Attachment).where(mine).order_by(Attachment.id)))


async def of_messages(work: Work, message_ids: Collection[UUID]) -> Mapping[UUID, list[Attachment]]:
    """Nothing for messages that have none."""
    mine = (Attachment.account_id == work.account_id) & Attachment.message_id.in_(message_ids)
    found: defaultdict[UUID, list[Attachment]] = defaultdict(list)
    for each in await work.session.scalars(select(Attachment).where(mine).order_by(Attachment.id)):
        assert each.message_id is not None
        found[each.message_id].append(each)
    return found


async def sent_with(work: Work, message: Message) -> tuple[AttachedFile, ...]:
    """As the customer gets them: by links."""
    found = (await of_messages(work, [message.id])).get(message.id, [])
    return tuple(
        AttachedFile(name=each.name, size=each.size, url=file_url(work.settings, work.account_id, each.id))
        for each in found
    )


async def find(work: Work, ticket_id: UUID, attachment_id: UUID) -> Attachment:
    """Raises `NoSuchAttachment`."""
    await find_ticket(work, ticket_id)
    found = await work.session.get(Attachment, attachment_id)
    if found is None or (found.account_id, found.ticket_id) != (work.account_id, ticket_id):
        raise NoSuchAttachment
    return found


async def find_for_customer(work: Work, attachment_id: UUID) -> Attachment:
    """Only what an answer has, and not for ever. Raises `NoSuchAttachment`."""
    found = await work.session.get(Attachment, attachment_id)
    if found is None or found.account_id != work.account_id or found.created_at + LINKS_LAST <= work.now:
        raise NoSuchAttachment
    message = await work.session.get(Message, found.message_id) if found.message_id is not None else None
    if message is None or message.internal:
        raise NoSuchAttachment
    return found


async def content_of(work: Work, attachment: Attachment) -> bytes:
    """Raises `NoSuchAttachment`."""
    try:
        return await file_store(work.settings).get(file_key(work.account_id, attachment.id))
    except FileMissing:
        raise NoSuchAttachment from None


async def remove(work: Work, ticket_id: UUID, attachment_id: UUID) -> None:
    """The row goes now, the bytes right after. Raises `NoSuchAttachment` or `AlreadySaid`."""
    attachment = await find(work, ticket_id, attachment_id)
    if attachment.message_id is not None:
        raise AlreadySaid
    await work.session.delete(attachment)
    await work.schedule(UNCLAIMED, key=str(attachment_id), due_at=work.now)


async def delete_of(work: Work, customer_ids: Collection[UUID]) -> int:
    """All files of their tickets; rows go now, bytes right after, by a timer that tries until they are gone. Returns
    how many."""
    whose = Ticket.customer_id.in_(customer_ids) | Ticket.origin_customer_id.in_(customer_ids)
    theirs = select(Ticket.id).where(Ticket.account_id == work.account_id, whose)
    mine = (Attachment.account_id == work.account_id) & Attachment.ticket_id.in_(theirs)
    gone = (await work.session.scalars(delete(Attachment).where(mine).returning(Attachment.id))).all()
    for attachment_id in gone:
        await work.schedule(UNCLAIMED, key=str(attachment_id), due_at=work.now)
    return len(gone)


async def move_with(work: Work, message_ids: Sequence[UUID], to: UUID) -> None:
    """Messages went to another ticket; their files with them."""
    mine = (Attachment.account_id == work.account_id) & Attachment.message_id.in_(message_ids)
    await work.session.execute(update(Attachment).where(mine).values(ticket_id=to))


async def forget_unclaimed(work: Work, timer: Timer) -> None:
    """Two days later: what no message names is deleted, as is what has no row any more."""
    attachment = await work.session.get(Attachment, UUID(timer.key), with_for_update=True)
    if attachment is not None and attachment.message_id is not None:
        return
    if attachment is not None:
        await work.session.delete(attachment)
    await file_store(work.settings).delete(file_key(work.account_id, UUID(timer.key)))
