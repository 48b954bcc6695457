"""Tickets that rules ask for."""

from typing import Final

from services.tickets.cases import service as tickets
from services.tickets.cases.opening import Author, Opened, Opening
from services.tickets.cases.repository import was_requested
from services.tickets.conversation import notes
from services.tickets.heard import service as heard
from services.tickets.teams import service as teams
from shared.bus.events import Event
from shared.contracts.notifier import TicketRequested
from shared.ids import new_id
from shared.work import Work

TEAM_IS_GONE: Final = (
    "The rule that asked for this ticket names a team that is not there any more, so the routing rules decided. "
    "Change the rule in /v1/rules."
)


async def open_requested(work: Work, event: Event[TicketRequested]) -> None:
    """One ticket for each request, and by rules only one for each piece of feedback and each conversation: a request
    that comes again, or late, opens nothing and reopens nothing. The clocks start now, so a late request is not overdue
    from the start."""
    wanted = event.data
    thread_id = wanted.thread_id or await heard.thread_of(work, wanted.feedback_id)
    if thread_id is not None:
        await heard.hold(work, thread_id)
        # One ticket for all of a conversation: what was said is, or will be, part of that one's.
        if await heard.ticket_of(work, thread_id) is not None:
            return
    if await was_requested(work, wanted.request_id, wanted.feedback_id):
        return
    team_id = wanted.team_id if await teams.keep(work, wanted.team_id) else None
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
        team_id=team_id,
        customer_id=wanted.customer_id,
        feedback_id=wanted.feedback_id,
        rule_id=wanted.rule_id,
        request_id=wanted.request_id,
        feedback=wanted.feedback.model_dump(mode="json") if wanted.feedback is not None else None,
        rating=wanted.rating_normalised,
        thread_id=thread_id,
    )
    opened = await tickets.open_ticket(work, opening)
    if isinstance(opened, Opened) and team_id != wanted.team_id:
        notes.leave(work, opening.ticket_id, TEAM_IS_GONE)
