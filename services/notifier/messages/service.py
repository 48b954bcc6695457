"""Queueing messages. They are composed and sent later, by `messages.delivery`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text, update

from services.notifier.contacts.service import contact_of
from services.notifier.messages.models import Message
from services.notifier.messages.schemas import MessageChannel, NewMessage
from services.notifier.templates.kinds import KINDS
from shared.arrivals import arrived
from shared.dispatch import queue
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

KIND = "message"
_OF_WISH = {
    "key": "text",
    "template": "text",
    "customer_id": "uuid",
    "channel": "text",
    "locale": "text",
    "ticket_id": "uuid",
    "invitation_id": "uuid",
    "rule_id": "uuid",
    "thread_id": "uuid",
    "telling_id": "uuid",
}
# By arrays: in one JSON document the variables, which are JSON themselves, would be read twice.
_COLUMNS = _OF_WISH | {"id": "uuid", "purpose": "text"}
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"cast(:{name} as {kind}[])" for name, kind in _COLUMNS.items())
_INSERT = text(f"""
    insert into notifier.messages (account_id, state, attempts, created_at, variables, {_NAMES})
    select cast(:account_id as uuid), 'queued', 0, cast(:created_at as timestamptz), cast(variables as jsonb), {_NAMES}
    from unnest(cast(:variables as text[]), {_ARRAYS}) as wished (variables, {_NAMES})
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
    customer_id: UUID | None
    variables: Mapping[str, Any] | orjson.Fragment
    channel: MessageChannel = "email"
    purpose: str | None = None
    locale: str | None = None
    ticket_id: UUID | None = None
    invitation_id: UUID | None = None
    rule_id: UUID | None = None
    thread_id: UUID | None = None
    telling_id: UUID | None = None


async def put_in_queue(work: Work, *wishes: Wish) -> list[UUID]:
    """The ids of the new messages; none for what was wished before. As one statement, however many they are."""
    if not wishes:
        return []
    values: dict[str, Any] = {
        "account_id": work.account_id,
        "created_at": work.now,
        "variables": [_as_json(wish.variables) for wish in wishes],
        "id": [new_id() for _ in wishes],
        "purpose": [wish.purpose or KINDS[wish.template].purpose for wish in wishes],
    }
    columns = {name: [getattr(wish, name) for wish in wishes] for name in _OF_WISH}
    queued = (await work.session.execute(_INSERT, values | columns)).all()
    # Ten thousand invitations keep neither another account waiting nor this one's answers to its customers.
    lanes = {template: uuid5(work.account_id, template) for template in {wish.template for wish in wishes}}
    await queue.enqueue(work, KIND, [(row.id, lanes[row.template]) for row in queued])
    return [row.id for row in queued]


def _as_json(variables: Mapping[str, Any] | orjson.Fragment) -> str:
    return orjson.dumps(variables, default=str, option=orjson.OPT_UTC_Z).decode()


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
