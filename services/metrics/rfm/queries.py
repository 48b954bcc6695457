"""Recency, frequency and money of each customer, scored from 1 to 5 among all of them."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import TIMESTAMP, Integer, Numeric, Subquery, Uuid, case, column, select, text

from services.metrics.rfm.groups import GROUPS, Group
from services.metrics.worth.window import Window
from shared.work import Work

# Fifths by the middle of each one's rank among equals, so that equals are scored alike and none of the scores is given
# away by an order that nobody chose.
_FIFTH: Final = (
    "least(5, 1 + floor(5 * ((rank() over (order by {what}) - 1 + 0.5 * count(*) over (partition by {what})) "
    "/ count(*) over ())))"
)
_SCORED: Final = f"""
    select customer_id, last_at, frequency, money,
        cast({_FIFTH.format(what="last_at")} as integer) as recency_score,
        cast({_FIFTH.format(what="frequency")} as integer) as frequency_score,
        cast({_FIFTH.format(what="money")} as integer) as money_score
    from (
        select customer_id, max(occurred_at) filter (where kind = 'purchase') as last_at,
            count(*) filter (where kind = 'purchase') as frequency,
            coalesce(sum(case kind when 'purchase' then amount else -amount end), 0) as money
        from metrics.activities
        where account_id = :account_id and not gone and customer_id is not null and kind in ('purchase', 'refund')
            and occurred_at >= :start and occurred_at < :end and occurred_at <= :now
            and (currency = :currency or currency is null)
        group by 1
    ) as done
    where frequency > 0 and not exists (
        select from metrics.people person where person.account_id = :account_id
            and person.person_id = done.customer_id and person.exclusion is not null
    )
"""
_EXCLUDED: Final = text(
    """
    select person.exclusion, count(distinct done.customer_id) as n from metrics.activities done
    join metrics.people person on person.account_id = :account_id and person.person_id = done.customer_id
    where done.account_id = :account_id and not done.gone and done.kind = 'purchase' and person.exclusion is not null
        and done.occurred_at >= :start and done.occurred_at < :end and done.occurred_at <= :now
        and (done.currency = :currency or done.currency is null)
    group by 1
    """
)
_COLUMNS: Final = (
    column("customer_id", Uuid),
    column("last_at", TIMESTAMP(timezone=True)),
    column("frequency", Integer),
    column("money", Numeric),
    *(column(f"{name}_score", Integer) for name in ("recency", "frequency", "money")),
)


def scored(work: Work, window: Window, currency: str | None) -> Subquery:
    """One row for each customer who bought in the window, with the name of their group."""
    values = _values(work, window, currency)
    rows = text(_SCORED).columns(*_COLUMNS).subquery("scored")
    named = case(*((_lies_in(rows, group), name) for name, group in GROUPS.items()))
    return select(rows, named.label("group")).params(**values).subquery("customers")


async def excluded(work: Work, window: Window, currency: str | None) -> Mapping[str, int]:
    found = await work.session.execute(_EXCLUDED, _values(work, window, currency))
    return {row.exclusion: row.n for row in found}


def _lies_in(rows: Subquery, group: Group) -> Any:
    return rows.c.recency_score.between(*group.recency) & rows.c.frequency_score.between(*group.frequency)


def _values(work: Work, window: Window, currency: str | None) -> dict[str, Any]:
    return {
        "account_id": work.account_id,
        "start": window.start_time,
        "end": window.end_time,
        "now": work.now,
        "currency": currency,
    }
