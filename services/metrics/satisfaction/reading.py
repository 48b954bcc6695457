"""How satisfaction and money go together: what customers did after their answer, by NPS group."""

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import text

from services.metrics.worth.formulas import Sums
from services.metrics.worth.schemas import WorthPolicy
from services.metrics.worth.window import Window
from shared.work import Work

GROUPS: Final = ("detractor", "passive", "promoter")

# The last answer of each customer, if all the days after it are over: who was asked yesterday had no time to leave.
_LINKED: Final = """
    with answered as (
        select distinct on (customer_id) customer_id, occurred_at as at,
            case when points >= 9 then 'promoter' when points >= 7 then 'passive' else 'detractor' end as grouped
        from metrics.facts
        where account_id = :account_id and customer_id is not null and scheme = 'nps' and exclusion is null
            and occurred_at >= :start and occurred_at < :end and occurred_at <= :latest
        order by customer_id, occurred_at desc, feedback_id desc
    ), linked as (
        select answered.customer_id, grouped, at,
            max(done.occurred_at) filter (where done.kind = any(:signs) and done.occurred_at <= at) as seen_before,
            max(done.occurred_at) filter (where done.kind = 'cancellation' and done.occurred_at <= at) as gone_before,
            max(done.occurred_at) filter (where done.kind = any(:signs)) as seen,
            max(done.occurred_at) filter (where done.kind = 'cancellation') as gone,
            coalesce(sum(done.paid) filter (where done.occurred_at > at and done.currency = :currency), 0) as after,
            coalesce(sum(done.paid) filter (
                where done.occurred_at <= at and done.occurred_at > at - cast(:days as interval)
                    and done.currency = :currency
            ), 0) as before
        from answered left join (
            select *, case kind when 'purchase' then amount when 'refund' then -amount end as paid
            from metrics.activities
            where account_id = :account_id and not gone and customer_id is not null and kind = any(:kinds)
        ) as done on done.customer_id = answered.customer_id and done.occurred_at <= at + cast(:days as interval)
        group by 1, 2, 3
    )
    select grouped,
        coalesce(seen_before > coalesce(gone_before, '-infinity')
            and (not :is_silent or seen_before >= at - cast(:silence as interval)), false) as was_customer,
        coalesce(seen > coalesce(gone, '-infinity')
            and (not :is_silent or seen >= at + cast(:days as interval) - cast(:silence as interval)), false
        ) as is_customer,
        count(*) as n, sum(after) as after, sum(after * after) as after_squares,
        sum(before) as before, sum(before * before) as before_squares,
        count(worth.revenue) as known, coalesce(sum(worth.revenue), 0) as worth,
        coalesce(sum(worth.revenue * worth.revenue), 0) as worth_squares
    from linked left join metrics.lifetime_values worth
        on worth.account_id = :account_id and worth.person_id = linked.customer_id and :is_worth
    group by 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Linked:
    """Customers of one NPS group at the time of their answer. `strangers` were none then, and are not in the rest."""

    stayed: int
    left: int
    strangers: int
    before: Sums
    after: Sums
    worth: Sums


async def linked(
    work: Work, policy: WorthPolicy, window: Window, days: int, currency: str | None, *, is_worth: bool
) -> dict[str, Linked]:
    """By group. `is_worth`: lifetime values are in the same currency."""
    span = timedelta(days=days)
    values: dict[str, Any] = {
        "account_id": work.account_id,
        "start": window.start_time,
        "end": window.end_time,
        "latest": work.now - span,
        "days": span,
        "silence": policy.silence,
        "is_silent": policy.leaves_by == "silence",
        "signs": policy.signs,
        "kinds": sorted({*policy.signs, "purchase", "refund", "cancellation"}),
        "currency": currency,
        "is_worth": is_worth,
    }
    rows = (await work.session.execute(text(_LINKED), values)).mappings().all()
    return {group: _linked([row for row in rows if row["grouped"] == group]) for group in GROUPS}


def _linked(rows: list[Any]) -> Linked:
    customers = [row for row in rows if row["was_customer"]]

    def total(name: str) -> Fraction:
        return sum((Fraction(row[name]) for row in customers), Fraction(0))

    n = sum(row["n"] for row in customers)
    stayed = sum(row["n"] for row in customers if row["is_customer"])
    return Linked(
        stayed=stayed,
        left=n - stayed,
        strangers=sum(row["n"] for row in rows) - n,
        before=Sums(n, total("before"), total("before_squares")),
        after=Sums(n, total("after"), total("after_squares")),
        worth=Sums(sum(row["known"] for row in customers), total("worth"), total("worth_squares")),
    )
