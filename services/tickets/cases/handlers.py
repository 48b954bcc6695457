"""Tickets that rules ask for."""

from services.tickets.cases import service as tickets
from services.tickets.cases.opening import Author, Opening
from services.tickets.cases.repository import was_requested
from shared.bus.events import Event
from shared.contracts.notifier import TicketRequested
from shared.ids import new_id
from shared.work import Work


async def open_requested(work: Work, event: Event[TicketRequested]) -> None:
    """One ticket for each request, and by rules only one for each piece of feedback: a request that comes again, or
    late, opens nothing and reopens nothing. The clocks start now, so a late request is not overdue from the start."""
    wanted = event.data
    if await was_requested(work, wanted.request_id, wanted.feedback_id):
        return
    opening = Opening(
        author=Author.of(work),
        ticket_id=new_id(),
        subject=wanted.subject,
        description=wanted.description,
        priority=wanted.priority,
        tags=list(wanted.tags),
        channel=wanted.channel,
        origin_kind="rule",
        assign=True,
        customer_id=wanted.customer_id,
        feedback_id=wanted.feedback_id,
        rule_id=wanted.rule_id,
        request_id=wanted.request_id,
        rating=wanted.rating_normalised,
    )
    await tickets.open_ticket(work, opening)
