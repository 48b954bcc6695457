"""`/v1/messages`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from services.notifier.messages import service as messages
from services.notifier.messages.auth import MessagesRead, MessagesWrite
from services.notifier.messages.models import Message
from services.notifier.messages.schemas import MessageDetail, MessageOut, MessageState, NewMessage
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/messages", tags=["messages"])


@router.get("")
async def list_messages(
    work: MessagesRead,
    page: PageQuery,
    customer_id: Annotated[UUID | None, Query()] = None,
    ticket_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[MessageState | None, Query()] = None,
    template: Annotated[str | None, Query(max_length=50)] = None,
) -> Page[MessageOut]:
    """Everything that was, will be or was not said to customers, newest first."""
    statement = select(Message).where(Message.account_id == work.account_id)
    wanted = {"customer_id": customer_id, "ticket_id": ticket_id, "state": state, "template": template}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(Message, name) == value)
    keys = (Message.created_at.desc(), Message.id.desc())
    return (await paginate(work.session, statement, page, keys=keys)).map(_out)


@router.post("", status_code=201)
async def write_message(body: NewMessage, work: MessagesWrite) -> MessageOut:
    """Write to one customer. The message is queued; its `state` tells what becomes of it."""
    return _out(await messages.write(work, body))


@router.get("/{message_id}")
async def get_message(message_id: UUID, work: MessagesRead) -> MessageDetail:
    message = await messages.get(work, message_id)
    return MessageDetail(**_out(message).model_dump(), html=message.html)


def _out(message: Message) -> MessageOut:
    fields = {name: getattr(message, name) for name in MessageOut.model_fields if name != "to"}
    return MessageOut(**fields, to=message.recipient)
