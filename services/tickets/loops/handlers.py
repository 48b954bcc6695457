"""What customers say about how they were treated comes back to the ticket."""

from services.tickets.cases.history import record
from services.tickets.cases.repository import NoSuchTicket, lock_ticket
from services.tickets.loops import service as loops
from shared.bus.events import Event
from shared.contracts.feedback import FeedbackReceived
from shared.work import Work


async def measure_again(work: Work, event: Event[FeedbackReceived]) -> None:
    """Feedback about a ticket. It never reopens one: a bad answer is seen in the loop and may be acted on by a rule."""
    said = event.data
    if said.ticket_id is None:
        return
    try:
        ticket = await lock_ticket(work, said.ticket_id)
    except NoSuchTicket:
        return
    loop = await loops.loop_of(work, ticket.id)
    if loop is None:
        return
    stage, after = loop.stage, loop.after
    reached = loops.take_in(loop, said)
    if reached is None:
        return
    record(work, ticket, "answered", changes={"loop": (stage, loop.stage), "after": (after, loop.after)})
    for stage in reached:
        loops.announce(work, loop, stage, ticket.version)
