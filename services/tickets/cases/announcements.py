"""What the others are told about a ticket."""

from datetime import timedelta

from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Opened, Opening
from services.tickets.confirmations.links import confirmation_url
from shared.contracts.base import Payload
from shared.contracts.tickets import (
    LoopAdvanced,
    Origin,
    Satisfaction,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketUpdated,
)
from shared.work import Work


def opening_of(opening: Opening, opened: Opened) -> list[Payload]:
    """A ticket that follows up feedback begins the feedback's loop."""
    payloads: list[Payload] = [
        TicketOpened(
            ticket_id=opening.ticket_id,
            number=opened.number,
            subject=opening.subject,
            priority=opened.priority,
            team_id=opened.team_id,
            assignee_id=opened.assignee_id,
            assignee_name=opened.assignee_name,
            customer_id=opened.customer_id,
            origin_customer_id=opened.origin_customer_id,
            channel=opening.channel,
            origin=Origin(
                kind=opening.origin_kind,
                feedback_id=opening.feedback_id,
                rule_id=opening.rule_id,
                request_id=opening.request_id,
            ),
            first_response_due_at=opened.first_response_due_at,
            resolution_due_at=opened.resolution_due_at,
            opened_at=opening.author.now,
            thread_id=opening.thread_id,
            state=opened.state,
        )
    ]
    if opening.feedback_id is not None:
        payloads.append(
            LoopAdvanced(
                ticket_id=opening.ticket_id,
                feedback_id=opening.feedback_id,
                customer_id=opened.customer_id,
                origin_customer_id=opened.origin_customer_id,
                stage="needs_follow_up",
                before=opening.rating,
                after=None,
            )
        )
    return payloads


def update(work: Work, ticket: Ticket, *changed: str) -> None:
    event = TicketUpdated(
        ticket_id=ticket.id,
        number=ticket.number,
        changed=tuple(sorted(changed)),
        state=ticket.state,
        priority=ticket.priority,
        assignee_id=ticket.assignee_id,
        team_id=ticket.team_id,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        status_id=ticket.status_id,
        merged_into_id=ticket.merged_into_id,
    )
    work.emit(event, subject=ticket.id, version=ticket.version)


def resolution(work: Work, ticket: Ticket, taken: timedelta, reason: str | None, satisfaction: Satisfaction) -> None:
    somebody_asked = ticket.customer_id is not None or ticket.thread_id is not None
    asked = confirmation_url(work.settings, work.account_id, ticket.id) if somebody_asked else None
    event = TicketResolved(
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        reason=reason,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        feedback_id=ticket.feedback_id,
        assignee_id=ticket.assignee_id,
        team_id=ticket.team_id,
        resolved_at=ticket.updated_at,
        resolution_seconds=int(taken.total_seconds()),
        reopened_before=ticket.reopened_count,
        thread_id=ticket.thread_id,
        root_cause=ticket.root_cause,
        corrective_action=ticket.corrective_action,
        confirmation_url=asked,
        satisfaction=satisfaction,
    )
    work.emit(event, subject=ticket.id, version=ticket.version)


def reopening(work: Work, ticket: Ticket, reason: str | None) -> None:
    if ticket.resolution_due_at is None:
        raise RuntimeError(f"ticket {ticket.id} is open, but its clock stands still")
    event = TicketReopened(
        ticket_id=ticket.id,
        number=ticket.number,
        reason=reason,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        resolution_due_at=ticket.resolution_due_at,
    )
    work.emit(event, subject=ticket.id, version=ticket.version)
