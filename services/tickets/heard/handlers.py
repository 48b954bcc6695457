"""Messages come from the survey service, tickets from here: they find each other in either order."""

from sqlalchemy.dialects.postgresql import insert

from services.tickets.cases.models import Ticket
from services.tickets.heard import service
from services.tickets.heard.models import Heard
from shared.bus.events import Event
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.tickets import TicketOpened
from shared.ids import new_id
from shared.work import Work

MESSAGE = "message"
# Who wrote what came without a name.
NAMELESS = "Unnamed"
LONGEST = 20_000


async def hear(work: Work, event: Event[FeedbackReceived]) -> None:
    """A message belongs to the ticket that its token named, or else to that of its conversation; if there is none yet,
    it waits for one."""
    said = event.data
    if said.kind != MESSAGE or (said.thread_id is None and said.ticket_id is None):
        return
    thread_id = said.thread_id or service.own_thread(work, said.ticket_id)
    await service.hold(work, thread_id)
    text = "\n\n".join(filter(None, (said.title if said.text is None else None, said.text)))
    values = {
        "account_id": work.account_id,
        "feedback_id": said.feedback_id,
        "thread_id": thread_id,
        "message_id": new_id(),
        "customer_id": said.customer_id,
        "author_name": said.author_name or NAMELESS,
        "text": text[:LONGEST],
        "automatic": said.automatic,
        "occurred_at": said.occurred_at,
    }
    if await work.session.scalar(insert(Heard).values(values).on_conflict_do_nothing().returning(Heard.feedback_id)):
        named = said.ticket_id if await service.exists(work, said.ticket_id) else None
        ticket_id = named or await service.ticket_of(work, thread_id)
        heard = await work.session.get_one(Heard, (work.account_id, said.feedback_id))
        if ticket_id is not None:
            await service.put_into(work, ticket_id, [heard])


async def catch_up(work: Work, event: Event[TicketOpened]) -> None:
    """A ticket is there: what waited for it is put into its conversation."""
    ticket = await work.session.get(Ticket, event.data.ticket_id)
    if ticket is not None:
        await service.put_into(work, ticket.id, await service.waiting_for(work, ticket))
