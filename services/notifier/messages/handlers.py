"""Events that lead to messages without a rule's doing."""

from typing import Final

from services.notifier.messages import service as messages
from services.notifier.messages.schemas import MessageChannel
from shared.bus.events import Event
from shared.contracts.survey import InvitationCreated, InvitationReminded
from shared.work import Work

_CHANNELS: Final[dict[str, MessageChannel]] = {"email": "email", "sms": "sms"}


async def invite(work: Work, event: Event[InvitationCreated]) -> None:
    """The survey service has passed its gates; the customer is asked. Invitations by link are the sender's affair."""
    data = event.data
    channel = _CHANNELS.get(data.medium or data.channel)
    if channel is None:
        return
    await messages.put_in_queue(
        work,
        key=f"invitation:{data.invitation_id}",
        template="invitation",
        customer_id=data.customer_id,
        channel=channel,
        variables=data.model_dump(mode="json"),
        locale=data.locale,
        ticket_id=data.ticket_id,
        invitation_id=data.invitation_id,
    )


async def remind(work: Work, event: Event[InvitationReminded]) -> None:
    """Once more, by the same link and on the same way; each of an invitation's reminders once."""
    data = event.data
    channel = _CHANNELS.get(data.medium)
    if channel is None:
        return
    await messages.put_in_queue(
        work,
        key=f"invitation:{data.invitation_id}:reminder:{data.number}",
        template="reminder",
        customer_id=data.customer_id,
        channel=channel,
        variables=data.model_dump(mode="json"),
        locale=data.locale,
        ticket_id=data.ticket_id,
        invitation_id=data.invitation_id,
    )
