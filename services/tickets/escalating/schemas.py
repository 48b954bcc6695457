"""Escalations as they come in."""

from uuid import UUID

from pydantic import Field

from services.tickets.cases.schemas import Reason
from shared.http.schemas import Model


class Escalation(Model):
    reason: Reason = Field(description="Why it cannot wait, or cannot be done here.")
    assignee_id: UUID | None = Field(None, description="Who is to take it over; left out, whoever has it keeps it.")
