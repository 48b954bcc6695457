"""Events that lead to messages without a rule's doing."""

from collections.abc import Sequence
from typing import Final

import orjson

from services.notifier.messages import service as messages
from services.notifier.messages.schemas import MessageChannel
from services.notifier.messages.service import Wish
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.problems import ImprovementTold
from shared.contracts.survey import InvitationCreated, InvitationEnded, InvitationReminded
from shared.work import Work

_CHANNELS: Final[dict[str, MessageChannel]] = {"email": "email", "sms": "sms", "whatsapp": "whatsapp"}


async def invite(work: Work, events: Sequence[Event[Payload]]) -> None:
    """The survey service has passed its gates; customers are asked. Invitations by link are the sender's affair."""
    wishes = []
    for event in events:
        data = event.data
        assert isinstance(data, InvitationCreated)
        if (channel := _CHANNELS.get(data.sent_by)) is not None:
            wishes.append(_wish(data, channel, key=f"invitation:{data.invitation_id}", template="invitation"))
    await messages.put_in_queue(work, *wishes)


async def remind(work: Work, event: Event[InvitationReminded]) -> None:
    """Once more, by the same link and on the same way; each of an invitation's reminders once."""
    data = event.data
    if (channel := _CHANNELS.get(data.medium)) is not None:
        key = f"invitation:{data.invitation_id}:reminder:{data.number}"
        await messages.put_in_queue(work, _wish(data, channel, key=key, template="reminder"))


async def tell(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Those who asked for an improvement hear that it is there; each once."""
    wishes = []
    for event in events:
        data = event.data
        assert isinstance(data, ImprovementTold)
        wishes.append(
            Wish(
                key=f"improvement:{data.improvement_id}:{data.customer_id}",
                template="improvement",
                customer_id=data.customer_id,
                variables=orjson.Fragment(data.model_dump_json()),
                telling_id=data.telling_id,
            )
        )
    await messages.put_in_queue(work, *wishes)


async def drop(work: Work, event: Event[InvitationEnded]) -> None:
    """Revoked, run out, or forbidden while it waited here."""
    await messages.drop_invitation(work, event.data.invitation_id)


def _wish(data: InvitationCreated | InvitationReminded, channel: MessageChannel, *, key: str, template: str) -> Wish:
    return Wish(
        key=key,
        template=template,
        customer_id=data.customer_id,
        channel=channel,
        variables=orjson.Fragment(data.model_dump_json()),
        locale=data.locale,
        ticket_id=data.ticket_id,
        invitation_id=data.invitation_id,
    )
