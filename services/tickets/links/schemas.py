"""Links as they come in and go out."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.tickets import TicketState
from shared.http.schemas import Model

Relation = Literal[
    "related",
    "child_of",
    "parent_of",
    "duplicate_of",
    "duplicated_by",
    "split_from",
    "split_into",
    "follow_up_of",
    "followed_up_by",
]


class NewLink(Model):
    """What the ticket of the path is to the other one."""

    ticket_id: UUID
    relation: Literal["related", "child_of", "parent_of", "duplicate_of", "duplicated_by"] = "related"


class LinkOut(Model):
    """Another ticket, and what the ticket of the path is to it."""

    ticket_id: UUID
    number: int
    subject: str
    state: TicketState
    relation: Relation
    author: str
    created_at: datetime
