"""Questions about scores, tickets and customers, answered."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from services.metrics.comparisons.against import Comparison
from services.metrics.comparisons.significance import Method
from services.metrics.facts.reading import Exclusion, Family
from services.metrics.privacy.withholding import Reason
from services.metrics.scores.selection import By, Period
from services.metrics.tickets.course import HandledBy
from shared.contracts.conversations import HandoffReason
from shared.contracts.tickets import Priority, TargetName
from shared.http.schemas import Model, Money


class MetricOut(Model):
    """`version` rises whenever the same answers would give another number."""

    name: str
    title: str
    scheme: Family | None = Field(description="Which ratings it is made of; null if it is of tickets or customers.")
    dimensions: list[By] = Field(description="What it can be told apart and filtered by.")
    unit: str
    formula: str
    version: int
    custom: bool = Field(description="Whether the account has made it of others.")


class MetricList(Model):
    data: list[MetricOut]


class ConfidenceInterval(Model):
    """Holds the true value in 95 of 100 samples like this one."""

    low: float
    high: float
    level: float


class ScaleOut(Model):
    minimum: int
    maximum: int


class BandCounts(Model):
    """Answers by the metric's own reading: for NPS detractors, passives and promoters."""

    negative: int
    neutral: int
    positive: int


class Distribution(Model):
    """How many answers have each score from `minimum` to `maximum`, in order. Those of an index are its whole tens."""

    minimum: int
    maximum: int
    counts: list[int]


class Excluded(Model):
    """Feedback that is not in `n`: not finished, without the rating, or with one that does not fit its scale; of
    customers whose data may only be kept (`restricted`), or who do not want it to be computed on (`no_consent`)."""

    incomplete: int
    no_rating: int
    outside_scale: int
    restricted: int
    no_consent: int


class ExcludedTickets(Model):
    """Tickets, invitations, attempts or conversations that are not in `n`, by the first reason that applies: of
    customers whose data may only be kept (`restricted`), or who do not want it to be computed on (`no_consent`); not
    decided yet (`pending`); solved before it could be (`cancelled`); gone on in another one (`merged`); answered by
    nobody (`unanswered`); told without the number (`unmeasured`); or not arrived (`undelivered`)."""

    restricted: int
    no_consent: int
    pending: int
    cancelled: int
    merged: int
    unanswered: int
    unmeasured: int
    undelivered: int


class ExcludedCustomers(Model):
    """Customers who are not in `n`: their data may only be kept (`restricted`), or they do not want it to be computed
    on (`no_consent`)."""

    restricted: int
    no_consent: int


class MeasuredOut(Model):
    """In seconds. `interval` is null where there are too few for one."""

    value: float
    interval: ConfidenceInterval | None


class DurationsOut(Model):
    mean: MeasuredOut
    p50: MeasuredOut
    p90: MeasuredOut
    p95: MeasuredOut


class SignificanceOut(Model):
    """A test of no change at all: `statistic` is z or t, null where the probability was counted out; `p_value` is
    two-sided."""

    method: Method
    statistic: float | None
    p_value: float


class ComparisonOut(Model):
    """`change` is this value minus the other, which is `value` here. `significant`: by the test at 5 %, or, where there
    is none, by bounds that leave out 0; of several groups only what would be among so many (Holm). Null where too
    little is known, and for what is counted at a moment."""

    comparison: Comparison
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    filters: dict[str, list[str]]
    value: float | None
    n: int
    interval: ConfidenceInterval | None
    excluded: Excluded | ExcludedTickets | ExcludedCustomers
    insufficient: bool
    withheld: Reason | None
    rows: str
    change: float | None = Field(description="On 0..100 if the two are on different scales.")
    change_interval: ConfidenceInterval | None
    test: SignificanceOut | None
    significant: bool | None


class Score(Model):
    """`value` is null, never 0, if nothing was counted; `insufficient` says that `n` is too small to conclude from."""

    value: float | None
    money: Money | None = Field(description="`value` where it is money, with its currency; else null.")
    n: int
    interval: ConfidenceInterval | None
    scale: ScaleOut | None = Field(description="The scale of `value`; null if it is, and for what has none.")
    bands: BandCounts | None = Field(description="Null for times, money, and what is counted at a moment.")
    distribution: list[Distribution] = Field(description="Of ratings; empty for tickets.")
    durations: DurationsOut | None = Field(description="For metrics that are times.")
    excluded: Excluded | ExcludedTickets | ExcludedCustomers
    insufficient: bool
    withheld: Reason | None = Field(description="Why there is an `n`, but neither a value nor what it is made of.")
    comparison: ComparisonOut | None = Field(description="With `compare`; in `series` if `interval` is `total`.")


class SeriesScore(Score):
    """One period of one group. `groups` has a value for each of `dimensions`, null for what has no such value; `group`
    is the first of them, and null without any."""

    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    group: str | None
    label: str | None = Field(description="The group in words; for a survey its name, once known.")
    groups: list[str | None]
    labels: list[str | None]


class MetricAnswer(Score):
    """The score of the whole window; `series` has it by period and group, if that was asked for."""

    metric: str
    unit: str
    formula_version: int
    time_zone: str = Field(description="Whose days are counted: the account's.")
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    by: By | None = Field(description="The first of `dimensions`; look there if you ask for two.")
    dimension: str | None
    dimensions: list[str] = Field(description="What `series` is told apart by, in the order of `groups`.")
    period: Period
    watermark: datetime | None = Field(
        description="When the newest feedback counted so far was received, or what was last heard of a ticket or a "
        "customer happened."
    )
    assumptions: list[str] = Field(description="What it rests on besides what happened, in words.")
    rows: str = Field(description="Where the rows behind the number are; `&excluded=` and a reason for the others.")
    series: list[SeriesScore]


class FactOut(Model):
    """One scored question of a piece of feedback behind a number. `points` is `value` read so that more is better.

    `question` is its key, empty if the feedback does not say; `index` the exact value of an index.
    """

    feedback_id: UUID
    question: str
    occurred_at: datetime
    received_at: datetime
    channel: str
    touchpoint: str | None
    journey_stage: str | None
    survey_id: UUID | None
    customer_id: UUID | None
    language: str | None
    scheme: str
    minimum: int | None
    maximum: int | None
    value: int | None
    points: int | None
    index: Decimal | None
    exclusion: Exclusion | None
    dimensions: dict[str, str]


class EpisodeRowOut(Model):
    """One invitation, attempt or conversation behind a share, by its own id. `at` puts it into the window; `outcome` is
    `good` or `bad`, or why it does not count."""

    row_id: UUID
    at: datetime
    outcome: str
    channel: str | None
    touchpoint: str | None
    survey_id: UUID | None
    last_question: str | None
    handoff_reason: HandoffReason | None
    customer_id: UUID | None


class TicketRowOut(Model):
    """One ticket behind a number, or one of its targets. `at` puts it into the window; `outcome` is `good` or `bad`, or
    why it does not count. `seconds` is what it took; whose it was is as of when it was resolved."""

    ticket_id: UUID
    target: TargetName | None
    at: datetime
    outcome: str
    seconds: int | None
    channel: str
    team_id: UUID | None
    assignee_id: UUID | None
    priority: Priority
    handled_by: HandledBy
    customer_id: UUID | None


class CustomerRowOut(Model):
    """One customer behind a number, in money once for each currency they paid in. `at` puts them into the window;
    `outcome` is `good` (stayed, bought again) or `bad`, or why they do not count. What they paid, less refunds: in the
    `silent_days` `before` the window's start and its end (`after`), and within it (`spent`); null where the metric is
    not about money."""

    customer_id: UUID
    currency: str | None
    at: datetime
    outcome: str
    before: Decimal | None
    after: Decimal | None
    spent: Decimal | None
