"""Saying that a ticket needs more than it gets."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.tickets.cases import service as tickets
from services.tickets.cases.history import record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.schemas import TicketPatch
from services.tickets.cases.states import ACTIVE
from services.tickets.escalating.schemas import Escalation
from services.tickets.people import service as people
from services.tickets.slas import service as slas
from services.tickets.snoozing import service as snoozing
from services.tickets.snoozing.service import NothingToDo
from services.tickets.teams import service as teams
from services.tickets.watchers import service as watchers
from shared.contracts.tickets import Priority, TicketEscalated
from shared.work import Work

_NEXT: Final[Mapping[Priority, Priority]] = {"low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}


async def escalate(work: Work, ticket_id: UUID, body: Escalation, expected: int | None) -> Ticket:
    """One priority up, its level counted up, and told to everybody who listens. Raises what `tickets.edit` does, or
    `NothingToDo` for a ticket that nobody works on."""
    ticket = await lock_ticket(work, ticket_id)
    if ticket.state not in ACTIVE:
        raise NothingToDo
    patch: dict[str, Any] = {"priority": _NEXT[ticket.priority]}
    if body.assignee_id is not None:
        patch["assignee_id"] = body.assignee_id
    await tickets.edit(work, ticket_id, TicketPatch(**patch), expected)
    slas.settle(work, ticket)
    await snoozing.wake(work, ticket, None)
    before = ticket.escalation_level
    ticket.escalation_level += 1
    changes = {"escalation_level": (before, ticket.escalation_level)}
    record(work, ticket, "escalated", changes=changes, reason=body.reason)
    escalated = TicketEscalated(
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        reason=body.reason,
        level=ticket.escalation_level,
        priority=ticket.priority,
        assignee_id=ticket.assignee_id,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        author_name=await people.name_of_author(work, str(work.actor)),
        lead_id=await teams.lead_of(work, ticket.team_id),
        watcher_ids=await watchers.ids_of(work, ticket.id),
    )
    work.emit(escalated, subject=ticket.id, version=ticket.version)
    return ticket
