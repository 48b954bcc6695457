"""Queueing messages. They are composed and sent later, by `messages.delivery`."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID, uuid5

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects.postgresql import insert

from services.notifier.contacts.service import contact_of
from services.notifier.deliveries import queue
from services.notifier.messages.models import Message
from services.notifier.messages.schemas import MessageChannel, NewMessage
from services.notifier.templates.kinds import KINDS
from shared.arrivals import arrived
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

KIND = "message"


async def put_in_queue(
    work: Work,
    *,
    key: str,
    template: str,
    customer_id: UUID,
    channel: MessageChannel = "email",
    purpose: str | None = None,
    variables: Mapping[str, Any],
    locale: str | None = None,
    ticket_id: UUID | None = None,
    invitation_id: UUID | None = None,
    rule_id: UUID | None = None,
) -> UUID | None:
    """The new message's id, or None if there is one with this key already. `purpose` is the template's if not given."""
    message_id = new_id()
    statement = insert(Message).values(
        id=message_id,
        account_id=work.account_id,
        key=key,
        channel=channel,
        template=template,
        purpose=purpose or KINDS[template].purpose,
        customer_id=customer_id,
        ticket_id=ticket_id,
        invitation_id=invitation_id,
        rule_id=rule_id,
        variables=dict(variables),
        locale=locale,
        state="queued",
        attempts=0,
        created_at=work.now,
    )
    result = await work.session.execute(statement.on_conflict_do_nothing(index_elements=["account_id", "key"]))
    if cast("CursorResult[Any]", result).rowcount == 0:
        return None
    # Ten thousand invitations keep neither another account waiting nor this one's answers to its customers.
    await queue.enqueue(work, KIND, [(message_id, uuid5(work.account_id, template))])
    return message_id


async def write(work: Work, body: NewMessage) -> Message:
    """Raises `Unacceptable` for a customer that is not this account's, after a moment for one who is just new."""
    if await arrived(lambda: contact_of(work, body.customer_id)) is None:
        raise Unacceptable.field("/customer_id", "unknown_customer", "There is no such customer.")
    message_id = await put_in_queue(
        work,
        key=f"api:{new_id()}",
        template="message",
        customer_id=body.customer_id,
        channel=body.channel,
        purpose=body.purpose,
        variables={"subject": body.subject, "text": body.text},
        ticket_id=body.ticket_id,
    )
    assert message_id is not None
    return await get(work, message_id)


async def get(work: Work, message_id: UUID) -> Message:
    found = await work.session.get(Message, message_id)
    if found is None:
        raise NotFound("There is no such message.")
    return found


async def forget_customer(work: Work, customer_id: UUID) -> None:
    """That something was said stays on record; what was said, and to which address, does not."""
    mine = (Message.account_id == work.account_id) & (Message.customer_id == customer_id)
    await work.session.execute(
        update(Message).where(mine).values(recipient=None, subject=None, text=None, html=None, variables={})
    )
    await work.session.execute(
        update(Message)
        .where(mine, Message.state == "queued")
        .values(state="suppressed", reason="the customer was deleted")
    )
