"""Bodies of `/v1/surveys/{id}/recurrence`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.survey.policies.schemas import Channel
from shared.http.schemas import Model


class Recurrence(Model):
    """Ask everybody, or a segment, every `every_days` days, each in their own rhythm.

    A person's rhythm starts at the date in their attribute `anchor_attribute`; without one, at a day of the first
    period that is drawn for them, so that the answers come evenly. From then on it stays: a round that a gate delays
    does not move the next one.
    """

    every_days: Annotated[int, Field(ge=7, le=1_100)]
    segment_id: UUID | None = None
    anchor_attribute: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    channel: Channel = "email"
    expires_in_days: Annotated[int, Field(ge=1, le=365)] | None = None
    enabled: bool = True


class RecurrenceOut(Recurrence):
    """`people`: how many have a rhythm. `next_at`: when the next of them is asked."""

    survey_id: UUID
    people: int
    next_at: datetime | None
    started_at: datetime
    updated_at: datetime
