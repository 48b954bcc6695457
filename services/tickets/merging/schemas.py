"""Merges and splits as they come in."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.tickets.cases.schemas import Reason, Subject
from shared.http.schemas import LongText, Model

MOST_TICKETS = 50
MOST_MESSAGES = 200


def _different(ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))


class Merge(Model):
    """These tickets go into the one of the path, which lives on."""

    ticket_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_TICKETS), AfterValidator(_different)]
    reason: Reason | None = Field(None, description="Why they are one; colleagues and the audit read it.")


class Split(Model):
    """These messages become the beginning of a ticket of their own, of the same customer and priority.

    Without `assignee_id` it goes to whoever has least to do; null leaves it with nobody.
    """

    message_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_MESSAGES), AfterValidator(_different)]
    subject: Subject
    description: LongText | None = None
    assignee_id: UUID | None = None
