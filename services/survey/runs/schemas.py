"""Bodies of `/v1/surveys/{id}/runs`."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.survey.policies.schemas import Channel
from services.survey.runs.models import RunState
from shared.http.schemas import Model, Moment

MOST_CUSTOMERS = 10_000


class NewRun(Model):
    """Whom to ask: a segment, or the customers by id. `send_at`: not before; each is decided on when their turn comes.

    Members who join a segment while it is being asked may be asked too.
    """

    segment_id: UUID | None = None
    customer_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_CUSTOMERS)] | None = None
    channel: Channel = "email"
    send_at: Moment | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=365)] | None = None

    @model_validator(mode="after")
    def names_whom(self) -> Self:
        if (self.segment_id is None) == (self.customer_ids is None):
            raise ValueError("give either segment_id or customer_ids")
        return self


class RunOut(Model):
    """`customers`: how many there are to decide on, counted when it starts. `refused_by`: the refusals by gate."""

    id: UUID
    survey_id: UUID
    segment_id: UUID | None
    channel: Channel
    state: RunState
    customers: int
    invited: int
    refused: int
    refused_by: dict[str, int]
    created_at: datetime
    send_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
