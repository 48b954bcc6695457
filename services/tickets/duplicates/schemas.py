"""Suggestions as they go out."""

from datetime import datetime
from uuid import UUID

from shared.contracts.tickets import TicketState
from shared.http.schemas import Model


class DuplicateOut(Model):
    """`likeness` from 0 to 1: how much of the shorter one's words both have. `because` are the words and tags they
    share."""

    ticket_id: UUID
    number: int
    subject: str
    state: TicketState
    opened_at: datetime
    likeness: float
    because: list[str]


class DuplicatesOut(Model):
    """The most alike first."""

    data: list[DuplicateOut]
