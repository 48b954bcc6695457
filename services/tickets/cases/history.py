"""Every change of a ticket is a row: who, what, when. A version of a ticket is the number of its latest row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.tickets.cases.models import Change, Ticket
from services.tickets.cases.portions import TicketRow
from shared.work import Work


def moment_of(work: Work, ticket: Ticket | TicketRow) -> datetime:
    """When a change happens: now, but not before the change before it.

    A request reads the clock before it gets the ticket's lock, so two that meet may come in the other order.
    """
    return max(work.now, ticket.updated_at)


def record(
    work: Work,
    ticket: Ticket | TicketRow,
    action: str,
    *,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    reason: str | None = None,
) -> None:
    """Count the ticket's version up and write down why. `changes` are values before and after, as JSON has them."""
    at = moment_of(work, ticket)
    ticket.version += 1
    ticket.updated_at = at
    row = {
        "ticket_id": ticket.id,
        "version": ticket.version,
        "at": at,
        "actor": str(work.actor),
        "action": action,
        "state": ticket.state,
        "changes": {name: list(values) for name, values in (changes or {}).items()},
        "reason": reason,
    }
    if isinstance(ticket, TicketRow):
        ticket.history.append(row)
    else:
        work.session.add(Change(account_id=work.account_id, **row))


def changes_of(work: Work, ticket_id: UUID) -> Select[Change]:
    return select(Change).where(Change.account_id == work.account_id, Change.ticket_id == ticket_id)
