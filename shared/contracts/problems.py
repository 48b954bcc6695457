"""What lies behind many complaints and what is done about it, as the tickets service tells it."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.activities import ActivityAmount
from shared.contracts.base import Part, Payload
from shared.contracts.metrics import MetricName
from shared.contracts.ratings import DecimalText

ProblemState = Literal["new", "investigating", "known", "fixed", "closed"]
ImprovementState = Literal["planned", "in_progress", "shipped", "dropped"]


class ProblemChanged(Payload):
    """What lies behind many complaints was named, or what is known of it changed. Subject: the problem."""

    TYPE: ClassVar[str] = "heed.tickets.problem.changed.v1"

    problem_id: UUID
    title: str
    cause: str | None
    state: ProblemState
    owner_id: UUID | None


class ImprovementChanged(Payload):
    """What is to be done about problems was planned, or changed. Subject: the improvement."""

    TYPE: ClassVar[str] = "heed.tickets.improvement.changed.v1"

    improvement_id: UUID
    title: str
    state: ImprovementState
    owner_id: UUID | None


class ExpectedChange(Part):
    """By how much a metric is to change, in its own unit."""

    metric: MetricName
    change: DecimalText


class ImprovementShipped(Payload):
    """What was to be done about problems is done; its effect counts from `shipped_at` on. Subject: the improvement.

    `affected_customers`: how many different ones asked for it, as far as they are known.
    """

    TYPE: ClassVar[str] = "heed.tickets.improvement.shipped.v1"

    improvement_id: UUID
    title: str
    problem_ids: tuple[UUID, ...]
    causes: tuple[str, ...]
    shipped_at: datetime
    expected: ExpectedChange | None
    cost: ActivityAmount | None
    affected_customers: int


class ImprovementTold(Payload):
    """A customer asked for what is done now, and is to be told; the notifier writes to them. Subject: the telling."""

    TYPE: ClassVar[str] = "heed.tickets.improvement.told.v1"

    telling_id: UUID
    improvement_id: UUID
    you_said: str
    we_did: str
    shipped_at: datetime
    customer_id: UUID
