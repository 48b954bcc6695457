"""What the activities say of a window: one row for each customer, and in money one for each currency they paid in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import TIMESTAMP, Numeric, Subquery, Text, Uuid, column, select, text

from services.metrics.scores.selection import By, Selection
from services.metrics.worth.catalogue import Base, WorthMetric
from services.metrics.worth.measures import Count
from services.metrics.worth.schemas import WorthPolicy
from shared.work import Work

GOOD, BAD = "good", "bad"

# What the customer has done by the window's start and by its end is the same in all of their rows; money is each row's.
# Who paid in some currency has no row without one, and who paid in none has the only one there is.
_ROWS: Final = """
    select *, max(sign_before) over whose as was_seen, max(cancelled_before) over whose as had_cancelled,
        max(sign) over whose as is_seen, max(cancelled) over whose as has_cancelled, min(began) over whose as first_at,
        min(bought) over whose as first_bought, max(bought_in) over whose as last_bought,
        max(currency) over whose is not null and currency is null as is_surplus,
        min(currency) over () as lowest, max(currency) over () as highest
    from (
        select customer_id, {currency} as currency,
            max(occurred_at) filter (where is_sign and occurred_at < :start) as sign_before,
            max(occurred_at) filter (where kind = 'cancellation' and occurred_at < :start) as cancelled_before,
            max(occurred_at) filter (where is_sign) as sign,
            max(occurred_at) filter (where kind = 'cancellation') as cancelled,
            min(occurred_at) filter (where kind = any(:starts)) as began,
            min(occurred_at) filter (where kind = 'purchase') as bought,
            max(occurred_at) filter (where kind = 'purchase' and occurred_at >= :start) as bought_in,
            coalesce(sum(paid) filter (where occurred_at >= :quiet_start and occurred_at < :start), 0) as before,
            coalesce(sum(paid) filter (where occurred_at >= :quiet_end), 0) as after,
            coalesce(sum(paid) filter (where occurred_at >= :start), 0) as spent
        from (
            select *, kind = any(:signs) as is_sign,
                case kind when 'purchase' then amount when 'refund' then -amount end as paid
            from metrics.activities
            where account_id = :account_id and not gone and customer_id is not null and occurred_at < :end
                and occurred_at <= :now and kind = any(:kinds) {since}
        ) as done
        group by 1, 2
    ) as summed
    window whose as (partition by customer_id)
"""
_IS_CUSTOMER: Final = "{seen} > coalesce({cancelled}, '-infinity') {unless_silent}"
_UNLESS_SILENT: Final = "and {seen} >= :quiet_{at}"
# Who is meant, when they come into the window, and how they came out.
_BASES: Final[Mapping[Base, tuple[str, str, str]]] = {
    Base.CUSTOMERS: ("{was_customer}", "was_seen", "{is_customer}"),
    Base.BUYERS: ("last_bought is not null", "last_bought", "first_bought < last_bought"),
    Base.BEGINNERS: ("first_at >= :start", "first_at", "true"),
}
_CASES: Final = """
    select case_.customer_id, case_.currency, case_.at, case_.before, case_.after, case_.spent,
        coalesce(person.exclusion, case when case_.is_good then 'good' else 'bad' end) as outcome
    from (
        select customer_id, case when currency is null and lowest = highest then highest else currency end as currency,
            before, after, spent, {at} as at, coalesce({good}, false) as is_good
        from ({rows}) as row where {meant} and not is_surplus {paid_before}
    ) as case_
    left join metrics.people person on person.account_id = :account_id and person.person_id = case_.customer_id
"""
_COLUMNS: Final = (
    column("customer_id", Uuid),
    column("currency", Text),
    column("at", TIMESTAMP(timezone=True)),
    *(column(name, Numeric) for name in ("before", "after", "spent")),
    column("outcome", Text),
)
_SUMS: Final = """
    select currency, outcome, count(*) as n,
        sum(spent) as spent, sum(spent * spent) as spent_squares,
        sum(before) as before, sum(before * before) as before_squares,
        sum(after) as after, sum(after * after) as after_squares, sum(before * after) as products,
        sum(kept) as kept, sum(kept * kept) as kept_squares, sum(kept * before) as kept_products
    from (select *, greatest(least(before, after), 0) as kept from ({cases}) as case_) as case_ group by 1, 2
"""
_MONEY: Final = tuple(name for name in Count.__slots__ if name not in ("good", "bad", "excluded"))


async def counts(
    work: Work, selection: Selection, base: Base, metric: WorthMetric, policy: WorthPolicy
) -> dict[str | None, Count]:
    """By currency; by None those who paid in none, or everybody where money is not asked for."""
    statement, values = _cases(work, selection, base, metric, policy)
    found: dict[str | None, Count] = {}
    for row in (await work.session.execute(text(_SUMS.format(cases=statement)), values)).mappings():
        count = found.setdefault(row["currency"], Count())
        if row["outcome"] not in (GOOD, BAD):
            count.excluded[row["outcome"]] += row["n"]
            continue
        is_good = row["outcome"] == GOOD
        each = Count(row["n"] if is_good else 0, 0 if is_good else row["n"])
        for name in _MONEY:
            setattr(each, name, Fraction(row[name]))
        count.merge(each)
    return found


def so_far(work: Work, selection: Selection) -> Selection | None:
    """Without days to come, on which everybody would look silent; None if none are left."""
    tomorrow = selection.calendar.today(work.now) + timedelta(days=1)
    if selection.start >= tomorrow:
        return None
    return replace(selection, end=min(selection.end, tomorrow))


def rows_behind(
    work: Work, selection: Selection, metric: WorthMetric, policy: WorthPolicy, outcome: str | None
) -> Subquery:
    """One row for each that `counts` counts, or leaves out for this reason."""
    statement, values = _cases(work, so_far(work, selection) or selection, metric.base, metric, policy)
    cases = text(statement).columns(*_COLUMNS).subquery("cases")
    counts = cases.c.outcome.in_((GOOD, BAD)) if outcome is None else cases.c.outcome == outcome
    filters = [cases.c[by.column].in_(wanted) for by, wanted in selection.filters.items() if by is By.CURRENCY]
    return select(cases).where(counts, *filters).params(**values).subquery("rows")


def _cases(
    work: Work, selection: Selection, base: Base, metric: WorthMetric, policy: WorthPolicy
) -> tuple[str, dict[str, Any]]:
    """SQL and its values."""
    meant, at, good = _BASES[base]
    is_silent = policy.leaves_by == "silence"
    terms = {
        "was_customer": _customer("was_seen", "had_cancelled", "start", is_silent=is_silent),
        "is_customer": _customer("is_seen", "has_cancelled", "end", is_silent=is_silent),
    }
    rows = _ROWS.format(
        currency="currency" if metric.is_money else "cast(null as text)",
        # What happened longer ago says nothing of who is a customer now.
        since="and occurred_at >= :quiet_start" if is_silent and base is Base.CUSTOMERS else "",
    )
    statement = _CASES.format(
        at=at,
        good=good.format(**terms),
        rows=rows,
        meant=meant.format(**terms),
        paid_before="and before > 0" if metric.paid_before else "",
    )
    values = {
        "account_id": work.account_id,
        "now": work.now,
        "start": selection.start_time,
        "end": selection.end_time,
        "quiet_start": selection.start_time - policy.silence,
        "quiet_end": selection.end_time - policy.silence,
        "signs": policy.signs,
        "starts": list(policy.begins_with),
        "kinds": sorted({*policy.signs, "purchase", "refund", "cancellation"}),
    }
    return statement, values


def _customer(seen: str, cancelled: str, at: str, *, is_silent: bool) -> str:
    unless = _UNLESS_SILENT.format(seen=seen, at=at) if is_silent else ""
    return _IS_CUSTOMER.format(seen=seen, cancelled=cancelled, unless_silent=unless)
