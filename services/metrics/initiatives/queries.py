"""What the members of an initiative did, added up by the database."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from sqlalchemy import text

from services.metrics.experiments.outcomes import DONE, named_by, seen
from services.metrics.experiments.samples import Sample
from services.metrics.experiments.schemas import Outcome
from services.metrics.initiatives.estimates import Stratum
from shared.work import Work

# Of two people who are one and on both sides, nothing can be said.
_MEMBERS = """
    with members as materialized (
        select customer_id, bool_or(treated) as treated, min(stratum) as stratum, bool_and(treated) = bool_or(treated)
            as is_on_one_side, cast(:since as timestamptz) as assigned_at
        from metrics.initiative_members where account_id = :account_id and initiative_id = :initiative_id
        group by customer_id
    ), judged as materialized (
        select members.*, coalesce(
            person.exclusion,
            case when not is_on_one_side then 'both_sides' when assigned_at + :within > :until then 'pending' end
        ) as reason
        from members
        left join metrics.people person on person.account_id = :account_id and person.person_id = members.customer_id
    )
"""


def _statement(source: str, value: str, *, is_change: bool) -> str:
    later, earlier = value.format("later"), value.format("earlier")
    return f"""
    {_MEMBERS}, {seen(source)}, placed as (
        select stratum, treated, reason, {f"{later} - {earlier}" if is_change else later} as value from seen
    )
    select stratum, treated, reason, count(*) as n, sum(value) as total, sum(value * value) as squares
    from placed group by stratum, treated, reason
    """


_LEVELS = {measure: text(_statement(*done, is_change=False)) for measure, done in DONE.items()}
_CHANGES = {measure: text(_statement(*done, is_change=True)) for measure, done in DONE.items()}


@dataclass(frozen=True, slots=True)
class Found:
    strata: list[Stratum]
    excluded: Counter[str]


async def strata_of(
    work: Work, initiative_id: UUID, outcome: Outcome, *, since: datetime, until: datetime, is_change: bool
) -> Found:
    """`is_change`: of each customer what they did after less what they did in as many days before."""
    values = {
        "account_id": work.account_id,
        "initiative_id": initiative_id,
        "since": since,
        "until": until,
        "within": timedelta(days=outcome.within_days),
    }
    statement = (_CHANGES if is_change else _LEVELS)[outcome.measure]
    sides: dict[str, dict[bool, Sample]] = defaultdict(lambda: {True: Sample(), False: Sample()})
    excluded: Counter[str] = Counter()
    for row in await work.session.execute(statement, values | named_by(outcome)):
        if row.reason is not None:
            excluded[row.reason] += row.n
        else:
            sides[row.stratum][row.treated] = Sample(row.n, Fraction(row.total), Fraction(row.squares))
    return Found([Stratum(both[True], both[False]) for both in sides.values()], excluded)
