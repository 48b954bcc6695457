"""Queueing messages. They are composed and sent later, by `messages.delivery`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text, update

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
_OF_WISH = (
    "key", "template", "customer_id", "variables", "channel", "locale", "ticket_id", "invitation_id", "rule_id",
)  # fmt: skip


_INSERT = text("""
    insert into notifier.messages
    select * from json_populate_recordset(null::notifier.messages, cast(:rows as json))
    on conflict (account_id, key) do nothing
    returning id, template
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be said. `key` says about what, so that it is said once. `purpose` is the template's if not given.

    `variables` may be JSON already.
    """

    key: str
    template: str
    customer_id: UUID
    variables: Mapping[str, Any] | orjson.Fragment
    channel: MessageChannel = "email"
    purpose: str | None = None
    locale: str | None = None
    ticket_id: UUID | None = None
    invitation_id: UUID | None = None
    rule_id: UUID | None = None


async def put_in_queue(work: Work, *wishes: Wish) -> list[UUID]:
    """The ids of the new messages; none for what was wished before. As one statement, however many they are."""
    rows = [
        {field: getattr(wish, field) for field in _OF_WISH}
        | {
            "id": new_id(),
            "account_id": work.account_id,
            "purpose": wish.purpose or KINDS[wish.template].purpose,
            "state": "queued",
            "attempts": 0,
            "created_at": work.now,
        }
        for wish in wishes
    ]
    if not rows:
        return []
    document = orjson.dumps(rows, default=str, option=orjson.OPT_UTC_Z).decode()
    queued = (await work.session.execute(_INSERT, {"rows": document})).all()
    # Ten thousand invitations keep neither another account waiting nor this one's answers to its customers.
    await queue.enqueue(work, KIND, [(row.id, uuid5(work.account_id, row.template)) for row in queued])
    return [row.id for row in queued]


async def drop_invitation(work: Work, invitation_id: UUID) -> None:
    """What waits to be said about it is not said any more."""
    mine = (Message.account_id == work.account_id) & (Message.invitation_id == invitation_id)
    dropped = {"state": "suppressed", "reason": "the invitation is over"}
    await work.session.execute(update(Message).where(mine, Message.state == "queued").values(dropped))


async def write(work: Work, body: NewMessage) -> Message:
    """Raises `Unacceptable` for a customer that is not this account's, after a moment for one who is just new."""
    if await arrived(lambda: contact_of(work, body.customer_id)) is None:
        raise Unacceptable.field("/customer_id", "unknown_customer", "There is no such customer.")
    wish = Wish(
        key=f"api:{new_id()}",
        template="message",
        customer_id=body.customer_id,
        channel=body.channel,
        purpose=body.purpose,
        variables={"subject": body.subject, "text": body.text},
        ticket_id=body.ticket_id,
    )
    (message_id,) = await put_in_queue(work, wish)
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
