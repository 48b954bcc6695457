"""Bodies of `/v1/surveys/{id}/eligibility`, `/v1/surveys/{id}/refusals` and `/v1/exposures`."""

from datetime import datetime
from uuid import UUID

from services.survey.policies.schemas import Channel
from shared.http.schemas import Model


class GateOut(Model):
    """One gate's verdict on one customer, with the numbers it compared.

    `opens_at` is when a closed gate opens by itself; null if it is open, or if only somebody's doing opens it.
    `can_be_overridden`: by a person who says why.
    """

    gate: str
    passed: bool
    detail: str
    opens_at: datetime | None
    can_be_overridden: bool


class EligibilityOut(Model):
    """Whether this customer may be asked now, by every gate. `next_eligible_at`: when all that open by themselves have.

    `would_leave_at`: when a message would leave if they were asked now; later than now in quiet hours.
    """

    customer_id: UUID
    channel: Channel
    eligible: bool
    would_leave_at: datetime | None
    next_eligible_at: datetime | None
    gates: list[GateOut]


class EligibilityCount(Model):
    """How many could be asked now, and how many each gate refuses; each customer counts at the first.

    `segment_id`: of whom; null for all customers there are.
    """

    segment_id: UUID | None
    channel: Channel
    customers: int
    eligible: int
    refused: dict[str, int]


class RefusalOut(Model):
    id: UUID
    customer_id: UUID
    ticket_id: UUID | None
    invitation_id: UUID | None
    channel: str
    cause: str
    gate: str
    detail: str
    next_eligible_at: datetime | None
    at: datetime


class ExposureOut(Model):
    """One moment in which a customer's attention was taken: `invitation`, `reminder` or `message`."""

    id: UUID
    customer_id: UUID
    kind: str
    channel: str
    survey_id: UUID | None
    at: datetime
