"""What customers say about how they were treated comes back to the ticket."""

from datetime import datetime
from uuid import UUID

from services.tickets.cases.history import record
from services.tickets.cases.repository import NoSuchTicket, lock_ticket
from services.tickets.loops import service as loops
from shared.bus.events import Event
from shared.contracts.feedback import Feedback, FeedbackReceived, FeedbackUpdated
from shared.work import Work


async def measure_again(work: Work, event: Event[FeedbackReceived]) -> None:
    """Feedback about a ticket. It never reopens one: a bad answer is seen in the loop and may be acted on by a rule."""
    said = event.data
    if said.ticket_id is not None and not said.removed:
        await _take_in(work, said.ticket_id, said, said.occurred_at)


async def hear_second_thoughts(work: Work, event: Event[FeedbackUpdated]) -> None:
    """Who changes their review after we have solved it tells how it was, without being asked."""
    said = event.data
    if said.reason == "edited" and not said.removed:
        for ticket_id in await loops.loops_from(work, said.feedback_id):
            await _take_in(work, ticket_id, said, event.time)


async def _take_in(work: Work, ticket_id: UUID, said: Feedback, at: datetime) -> None:
    try:
        ticket = await lock_ticket(work, ticket_id)
    except NoSuchTicket:
        return
    loop = await loops.loop_of(work, ticket.id)
    if loop is None:
        return
    stage, after = loop.stage, loop.after
    reached = loops.take_in(loop, said, at)
    if reached is None:
        return
    record(work, ticket, "answered", changes={"loop": (stage, loop.stage), "after": (after, loop.after)})
    for stage in reached:
        loops.announce(work, loop, stage, ticket.version)
