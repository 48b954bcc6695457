"""Loops as they go out."""

from datetime import datetime
from uuid import UUID

from shared.contracts.tickets import LoopStage
from shared.http.schemas import Model


class LoopOut(Model):
    """`before` and `after` are the customer's ratings from 0 to 100, of the feedback and of how it was dealt with.

    A time is null for a stage that was not reached, or was passed over, in this round.
    """

    ticket_id: UUID
    number: int
    feedback_id: UUID
    customer_id: UUID | None
    stage: LoopStage
    round: int
    before: int | None
    after: int | None
    needs_follow_up_at: datetime
    contacted_at: datetime | None
    fixed_at: datetime | None
    confirmed_at: datetime | None
    re_measured_at: datetime | None
