"""Events that lead to messages without a rule's doing."""

from services.notifier.messages import service as messages
from shared.bus.events import Event
from shared.contracts.survey import InvitationCreated
from shared.work import Work


async def invite(work: Work, event: Event[InvitationCreated]) -> None:
    """The survey service has passed its gates; the customer is asked. Invitations by link are the sender's affair."""
    data = event.data
    if data.channel != "email":
        return
    await messages.put_in_queue(
        work,
        key=f"invitation:{data.invitation_id}",
        template="invitation",
        customer_id=data.customer_id,
        variables=data.model_dump(mode="json"),
        locale=data.locale,
        ticket_id=data.ticket_id,
        invitation_id=data.invitation_id,
    )
