"""Who became a customer when, and was seen again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select, text

from services.metrics.activities.models import ActivityFact
from services.metrics.worth.window import Window
from shared.work import Work

# One pass over the account's activities, without a join of them with themselves. Whoever began is in the period in
# which they did, so that cohorts are counted along.
_SEEN = text(
    """
    with seen as (
        select customer_id, kind, occurred_at,
            min(occurred_at) filter (where kind = any(:starts)) over (partition by customer_id) as first_at
        from metrics.activities
        where account_id = :account_id and not gone and customer_id is not null and occurred_at < :now
            and kind = any(:signs)
    ), placed as (
        select customer_id,
            date_trunc(:interval, first_at at time zone :zone)::date as cohort,
            date_trunc(:interval, occurred_at at time zone :zone)::date as period,
            bool_or(kind = any(:active)) as is_active
        from seen where first_at >= :start and first_at < :end and occurred_at >= first_at
        group by 1, 2, 3
    )
    select cohort, period, person.exclusion, count(*) as present, count(*) filter (where is_active) as active
    from placed left join metrics.people person
        on person.account_id = :account_id and person.person_id = placed.customer_id
    group by 1, 2, 3
    """
)


@dataclass(slots=True)
class Begun:
    """One cohort: how many there are, how many are active in the period that begins on a day, and who is left out."""

    n: int = 0
    active: Counter[date] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)


async def cohorts(
    work: Work, *, starts: Sequence[str], active: Sequence[str], interval: str, window: Window
) -> dict[date, Begun]:
    """By the first day of the period in which they began."""
    values = {
        "account_id": work.account_id,
        "now": work.now,
        "starts": list(starts),
        "active": list(active),
        "signs": sorted({*starts, *active}),
        "interval": interval,
        "start": window.start_time,
        "end": window.end_time,
        "zone": window.calendar.time_zone,
    }
    found: dict[date, Begun] = {}
    for row in await work.session.execute(_SEEN, values):
        cohort = found.setdefault(row.cohort, Begun())
        is_first = row.period == row.cohort
        if row.exclusion is not None:
            cohort.excluded[row.exclusion] += row.present if is_first else 0
            continue
        cohort.n += row.present if is_first else 0
        cohort.active[row.period] += row.active
    return found


async def watermark(work: Work) -> datetime | None:
    """When the newest activity that was heard of happened."""
    mine = (ActivityFact.account_id == work.account_id, ActivityFact.gone.is_(False))
    return await work.session.scalar(select(func.max(ActivityFact.occurred_at)).where(*mine))
