"""A ticket as it goes out."""

from fastapi import Response

from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Opened, Opening
from services.tickets.cases.repository import is_overdue
from services.tickets.cases.schemas import OriginOut, TicketOut
from services.tickets.contacts import service as contacts
from services.tickets.people import service as people
from shared.http.dependencies import set_etag
from shared.work import Work


async def answer(work: Work, ticket: Ticket, response: Response) -> TicketOut:
    set_etag(response, ticket.version)
    assignee_name = await people.name_of(work, ticket.assignee_id)
    return ticket_out(work, ticket, assignee_name, await contacts.name_of(work, ticket.customer_id))


def ticket_out(work: Work, ticket: Ticket, assignee_name: str | None, customer_name: str | None) -> TicketOut:
    return TicketOut(
        id=ticket.id,
        number=ticket.number,
        version=ticket.version,
        subject=ticket.subject,
        description=ticket.description,
        state=ticket.state,
        status_id=ticket.status_id,
        priority=ticket.priority,
        team_id=ticket.team_id,
        queued_at=ticket.queued_at,
        assignee_id=ticket.assignee_id,
        assignee_name=assignee_name,
        tags=ticket.tags,
        fields=ticket.fields,
        customer_id=ticket.customer_id,
        customer_name=customer_name,
        channel=ticket.channel,
        origin=OriginOut(
            kind=ticket.origin_kind,
            feedback_id=ticket.feedback_id,
            rule_id=ticket.rule_id,
            request_id=ticket.request_id,
        ),
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        merged_into_id=ticket.merged_into_id,
        snoozed=ticket.snoozed_at is not None,
        snoozed_until=ticket.snoozed_until,
        escalation_level=ticket.escalation_level,
        resolved_at=ticket.resolved_at,
        reopened_count=ticket.reopened_count,
        first_response_due_at=ticket.first_response_due_at,
        first_responded_at=ticket.first_responded_at,
        resolution_due_at=ticket.resolution_due_at,
        overdue=is_overdue(ticket, work.now),
        root_cause=ticket.root_cause,
        corrective_action=ticket.corrective_action,
    )


def fresh_out(opening: Opening, opened: Opened) -> TicketOut:
    return TicketOut(
        id=opening.ticket_id,
        number=opened.number,
        version=1,
        subject=opening.subject,
        description=opening.description,
        state=opened.state,
        status_id=None,
        priority=opened.priority,
        team_id=opened.team_id,
        queued_at=opened.queued_at,
        assignee_id=opened.assignee_id,
        assignee_name=opened.assignee_name,
        tags=opened.tags,
        fields=dict(opening.fields),
        customer_id=opened.customer_id,
        customer_name=opened.customer_name,
        channel=opening.channel,
        origin=OriginOut(kind=opening.origin_kind, feedback_id=opening.feedback_id, rule_id=None, request_id=None),
        opened_at=opening.author.now,
        updated_at=opening.author.now,
        merged_into_id=None,
        snoozed=False,
        snoozed_until=None,
        escalation_level=0,
        resolved_at=None,
        reopened_count=0,
        first_response_due_at=opened.first_response_due_at,
        first_responded_at=None,
        resolution_due_at=opened.resolution_due_at,
        overdue=False,
        root_cause=None,
        corrective_action=None,
    )
