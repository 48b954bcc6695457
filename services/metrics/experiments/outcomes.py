"""What became of the customers of each arm, added up by the database."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from services.metrics.activities.models import ActivityFact
from services.metrics.experiments.samples import Kind, Sample
from services.metrics.experiments.schemas import SHARES, Outcome
from services.metrics.scores.catalogue import SCORES, Metric
from services.metrics.scores.formulas import moments_of
from services.metrics.scores.histograms import Histogram, Scale
from services.metrics.scores.queries import watermark as watermark_of_feedback
from shared.work import Work

# Whose outcome is known in time for the single look, and whose came after it filled.
FIRST, LATER = "first", "later"


@dataclass(frozen=True, slots=True)
class Trial:
    """Who is looked at, and when: those who got a variant from `since` to `until`, where what is known ends. `planned`:
    how many of each arm the single look is of, the earliest ones."""

    lots: UUID
    since: datetime
    until: datetime
    planned: Mapping[str, int]


@dataclass(slots=True)
class Arm:
    """`assigned` are all; `excluded` those of them who are in neither sample, by reason."""

    assigned: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    first: Sample = field(default_factory=Sample)
    later: Sample = field(default_factory=Sample)

    @property
    def all(self) -> Sample:
        return self.first + self.later

    def __add__(self, other: "Arm") -> "Arm":
        excluded = self.excluded + other.excluded
        return Arm(self.assigned + other.assigned, excluded, self.first + other.first, self.later + other.later)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """`scale` is that of ratings whose mean is taken."""

    kind: Kind
    arms: Mapping[str, Arm]
    scale: Scale | None = None


# Of two people who are one, the earlier assignment counts. What is known of customers is asked for one by one: their
# rows are few, and the indexes lead there whatever the planner believes of the account.
_ARMS = """
    with arms as materialized (
        select distinct on (customer_id) customer_id, variant, assigned_at, person_id
        from metrics.assignments where account_id = :account_id and experiment_id = :lots
        order by customer_id, assigned_at, person_id
    ), judged as materialized (
        select arms.*, planned.n as planned, coalesce(
            person.exclusion, case when arms.assigned_at + :within > :until then 'pending' end
        ) as reason
        from arms join unnest(cast(:arms as text[]), cast(:planned as integer[])) as planned (arm, n)
            on planned.arm = arms.variant
        left join metrics.people person on person.account_id = :account_id and person.person_id = arms.customer_id
        where arms.assigned_at >= :since and arms.assigned_at <= :until
    )
"""
_STATE = """
    coalesce(reason, case when row_number() over (
        partition by variant, reason order by assigned_at, person_id
    ) <= planned then 'first' else 'later' end) as state
"""
_ADDED_UP = """
    select variant, state, count(*) as n, sum(value) as total, sum(value * value) as squares, sum(before) as before,
        sum(before * before) as before_squares, sum(value * before) as products
    from placed group by variant, state
"""


def seen(source: str) -> str:
    """`judged`, with what each of them who counts did in the days of `:within` before (`earlier`) and after (`later`)
    they were assigned. `source`: a query for what one customer did, as `at` and `worth`."""
    return f"""
    seen as (
        select judged.*, coalesce(done.later, 0) as later, coalesce(done.earlier, 0) as earlier
        from judged left join lateral (
            select sum(worth) filter (where at >= judged.assigned_at) as later,
                sum(worth) filter (where at < judged.assigned_at) as earlier
            from ({source}) as act
            where at >= judged.assigned_at - :within and at < judged.assigned_at + :within
        ) as done on judged.reason is null
    )
    """


def _of_sums(source: str, value: str) -> str:
    return f"""
    {_ARMS}, {seen(source)}, placed as (
        select variant, {_STATE}, {value.format("later")} as value, {value.format("earlier")} as before from seen
    )
    {_ADDED_UP}
    """


_ACTIVITIES = """
    select occurred_at as at, 1 as worth from metrics.activities
    where account_id = :account_id and customer_id = judged.customer_id and not gone and kind = :activity
"""
_PAID = """
    select occurred_at as at, case kind when 'purchase' then amount else -amount end as worth from metrics.activities
    where account_id = :account_id and customer_id = judged.customer_id and not gone
        and kind in ('purchase', 'refund') and currency = :currency
"""
_RESPONSES = """
    select occurred_at as at, 1 as worth from metrics.facts
    where account_id = :account_id and customer_id = judged.customer_id and completed
        and (cast(:survey_id as uuid) is null or survey_id = :survey_id)
"""
_WHETHER, _HOW_MUCH = "least({}, 1)", "{}"
# Where what a customer did is found, and what is made of the sum of it.
DONE = {
    "conversion": (_ACTIVITIES, _WHETHER),
    "activities": (_ACTIVITIES, _HOW_MUCH),
    "spend": (_PAID, _HOW_MUCH),
    "responded": (_RESPONSES, _WHETHER),
}
_SUMS = {measure: text(_of_sums(*done)) for measure, done in DONE.items()}
_RATINGS = text(
    f"""
    {_ARMS}, answered as (
        select judged.variant, judged.planned, judged.assigned_at, judged.person_id, last.*,
            coalesce(judged.reason, case when last.points is null then 'unanswered' end) as reason
        from judged left join lateral (
            select minimum, maximum, points from metrics.facts
            where account_id = :account_id and customer_id = judged.customer_id and scheme = :scheme
                and exclusion is null and points is not null
                and occurred_at >= judged.assigned_at and occurred_at < judged.assigned_at + :within
                and (cast(:survey_id as uuid) is null or survey_id = :survey_id)
            order by occurred_at desc, feedback_id desc, question limit 1
        ) as last on judged.reason is null
    ), placed as (
        select variant, minimum, maximum, points, {_STATE} from answered
    )
    select variant, state, minimum, maximum, points, count(*) as n from placed group by 1, 2, 3, 4, 5
    """
)


async def of(work: Work, outcome: Outcome, trial: Trial) -> Outcomes:
    values = {
        "account_id": work.account_id,
        "lots": trial.lots,
        "since": trial.since,
        "until": trial.until,
        "within": timedelta(days=outcome.within_days),
        "arms": list(trial.planned),
        "planned": list(trial.planned.values()),
    }
    if outcome.measure in _SUMS:
        return await _of_what_they_did(work, outcome, trial, values)
    return await _of_ratings(work, SCORES[outcome.measure], outcome, trial, values)


async def _of_what_they_did(work: Work, outcome: Outcome, trial: Trial, values: dict[str, Any]) -> Outcomes:
    values |= named_by(outcome)
    arms = {arm: Arm() for arm in trial.planned}
    for row in await work.session.execute(_SUMS[outcome.measure], values):
        arm = arms[row.variant]
        arm.assigned += row.n
        if row.state not in (FIRST, LATER):
            arm.excluded[row.state] += row.n
            continue
        sums = (Fraction(getattr(row, name)) for name in Sample.__slots__ if name != "n")
        setattr(arm, row.state, Sample(row.n, *sums))
    return Outcomes(Kind.SHARE if outcome.measure in SHARES else Kind.MEAN, arms)


def named_by(outcome: Outcome) -> dict[str, Any]:
    """What the outcome's source in `DONE` asks for."""
    match outcome.measure:
        case "spend":
            return {"currency": outcome.currency}
        case "responded":
            return {"survey_id": outcome.survey_id}
    return {"activity": outcome.activity}


async def _of_ratings(work: Work, metric: Metric, outcome: Outcome, trial: Trial, values: dict[str, Any]) -> Outcomes:
    arms = {arm: Arm() for arm in trial.planned}
    histograms: dict[tuple[str, str], Histogram] = defaultdict(Histogram)
    values |= {"scheme": metric.scheme, "survey_id": outcome.survey_id}
    for row in await work.session.execute(_RATINGS, values):
        arms[row.variant].assigned += row.n
        if row.state not in (FIRST, LATER):
            arms[row.variant].excluded[row.state] += row.n
            continue
        scale = Scale(row.minimum, row.maximum)
        counts = [row.n if score == row.points else 0 for score in range(scale.minimum, scale.maximum + 1)]
        histograms[row.variant, row.state].add(scale, counts)
    together = Histogram()
    for histogram in histograms.values():
        together.merge(histogram)
    scale_of_all = together.scale()
    for (variant, state), histogram in histograms.items():
        setattr(arms[variant], state, _sample(metric, histogram, scale_of_all))
    kind = Kind(metric.statistic.value)
    return Outcomes(kind, arms, scale_of_all if kind is Kind.MEAN else None)


def _sample(metric: Metric, histogram: Histogram, scale: Scale | None) -> Sample:
    match Kind(metric.statistic.value):
        case Kind.SHARE:
            bands = metric.bands(histogram)
            return Sample(bands.n, Fraction(bands.positive), Fraction(bands.positive))
        case Kind.NET:
            bands = metric.bands(histogram)
            told = bands.positive + bands.negative
            return Sample(bands.n, Fraction(bands.positive - bands.negative), Fraction(told))
    moments = moments_of(histogram, scale)
    total = moments.mean * moments.n
    return Sample(moments.n, total, moments.squares + total * moments.mean)


async def watermark(work: Work, outcome: Outcome) -> datetime | None:
    """When the newest feedback was received, or the newest activity happened."""
    if outcome.measure in ("conversion", "activities", "spend"):
        mine = (ActivityFact.account_id == work.account_id, ActivityFact.gone.is_(False))
        return await work.session.scalar(select(func.max(ActivityFact.occurred_at)).where(*mine))
    return await watermark_of_feedback(work)
