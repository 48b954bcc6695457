"""Who bought how often, when and for how much: what a lesson is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.metrics.lifetime.lessons import Buyer, Group, Lesson
from shared.work import Work

# Purchases of one day are one: who pays twice at the till has not come back.
_BUYERS: Final = text(
    """
    select customer_id, min(day) as first_day, max(day) as last_day, count(*) as bought,
        avg(paid) filter (where day > first_day) as mean,
        count(*) filter (where day <= :half) as bought_before,
        max(day) filter (where day <= :half) as last_before
    from (
        select *, min(day) over (partition by customer_id) as first_day from (
            select customer_id, cast(occurred_at at time zone 'UTC' as date) as day, sum(amount) as paid
            from metrics.activities
            where account_id = :account_id and not gone and customer_id is not null and kind = 'purchase'
                and currency is not distinct from :currency and occurred_at <= :now
            group by 1, 2
        ) as days
    ) as placed
    where not exists (
        select from metrics.people person where person.account_id = :account_id
            and person.person_id = placed.customer_id and person.exclusion is not null
    )
    group by 1 order by 1
    """
)
_SPAN: Final = text(
    """
    select min(occurred_at) from metrics.activities
    where account_id = :account_id and not gone and kind = 'purchase' and currency = :currency
    """
)
_CURRENCIES: Final = text(
    """
    select distinct currency from metrics.activities
    where account_id = :account_id and not gone and kind = 'purchase' and currency is not null order by 1
    """
)


@dataclass(frozen=True, slots=True)
class Seen:
    """Customers with when they last bought, in the order of the lesson; `until` is the day on which it was looked."""

    customers: Sequence[tuple[UUID, date]]
    lesson: Lesson
    until: date

    @property
    def weeks(self) -> float:
        """How long the first customer has been known."""
        return max((one.age for one in self.lesson.now.purchases), default=0.0)

    @property
    def repeats(self) -> int:
        return sum(one.x > 0 for one in self.lesson.now.purchases)


async def currencies(work: Work) -> Sequence[str]:
    """Those in which anybody bought."""
    return (await work.session.scalars(_CURRENCIES, {"account_id": work.account_id})).all()


async def seen(work: Work, currency: str) -> Seen:
    """Everybody who bought in the currency, today and at half of the time since the first of them."""
    until = work.now.astimezone(UTC).date()
    values: dict[str, Any] = {"account_id": work.account_id, "currency": currency}
    first = await work.session.scalar(_SPAN, values)
    begun = until if first is None else first.astimezone(UTC).date()
    half = begun + timedelta(days=(until - begun).days // 2)
    rows = (await work.session.execute(_BUYERS, values | {"half": half, "now": work.now})).all()
    now = [
        Buyer(
            x=row.bought - 1,
            t_x=_weeks(row.first_day, row.last_day),
            age=_weeks(row.first_day, until),
            mean=None if row.mean is None else float(row.mean),
        )
        for row in rows
    ]
    before = [
        Buyer(
            x=row.bought_before - 1,
            t_x=_weeks(row.first_day, row.last_before),
            age=_weeks(row.first_day, half),
            later=row.bought - row.bought_before,
        )
        for row in rows
        if row.bought_before
    ]
    lesson = Lesson(now=Group(purchases=now), before=Group(purchases=before, weeks=_weeks(half, until)))
    return Seen([(row.customer_id, row.last_day) for row in rows], lesson, until)


def _weeks(start: date, end: date) -> float:
    return (end - start).days / 7
