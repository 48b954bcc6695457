"""In which order a list shows tickets. Each order has its index; ties are in the order of ids."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement

from services.tickets.cases.models import Ticket

Sort = Literal["-opened_at", "opened_at", "-updated_at", "updated_at", "resolution_due_at"]
NEWEST: Final[Sort] = "-opened_at"

KEYS: Final[Mapping[Sort, tuple[ColumnElement[Any], ...]]] = {
    "-opened_at": (Ticket.opened_at.desc(), Ticket.id.desc()),
    "opened_at": (Ticket.opened_at.asc(), Ticket.id.asc()),
    "-updated_at": (Ticket.updated_at.desc(), Ticket.id.desc()),
    "updated_at": (Ticket.updated_at.asc(), Ticket.id.asc()),
    "resolution_due_at": (Ticket.resolution_due_at.asc(), Ticket.id.asc()),
}


def shown_by(sort: Sort) -> list[ColumnElement[bool]]:
    """What is not due has no place among what is."""
    return [Ticket.resolution_due_at.is_not(None)] if sort == "resolution_due_at" else []
