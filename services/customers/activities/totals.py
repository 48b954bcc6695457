"""What a customer's activities come to.

Counted from the activities themselves whenever somebody asks: late ones, corrections, deletions and merges are in it
without anybody's doing, and what is still to come is not.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.customers.activities.models import Activity
from services.customers.activities.schemas import ActivityTotals, KindTotals, ValueOut, money_of
from shared.http.schemas import Money
from shared.work import Work


async def totals_of(work: Work, customer_id: UUID) -> ActivityTotals:
    found = await work.session.execute(
        select(
            Activity.kind,
            Activity.name,
            Activity.currency,
            func.count().label("count"),
            func.min(Activity.occurred_at).label("first_at"),
            func.max(Activity.occurred_at).label("last_at"),
            func.sum(Activity.amount).label("amount"),
        )
        .where(
            Activity.account_id == work.account_id,
            Activity.customer_id == customer_id,
            Activity.occurred_at <= work.now,
        )
        .group_by(Activity.kind, Activity.name, Activity.currency)
        .order_by(Activity.kind, Activity.name, Activity.currency)
    )
    rows = found.all()
    groups: defaultdict[tuple[str, str | None], list[Any]] = defaultdict(list)
    for row in rows:
        groups[row.kind, row.name].append(row)
    return ActivityTotals(
        customer_id=customer_id,
        counted_at=work.now,
        count=_count(rows),
        first_at=_first(rows),
        last_at=_last(rows),
        lifetime_value=_values(rows),
        kinds=[
            KindTotals.model_validate(
                {
                    "kind": kind,
                    "name": name,
                    "count": _count(group),
                    "first_at": _first(group),
                    "last_at": _last(group),
                    "amounts": [money for row in group if (money := money_of(row.amount, row.currency))],
                }
            )
            for (kind, name), group in groups.items()
        ],
    )


def _values(rows: Sequence[Any]) -> list[ValueOut]:
    """By currency: there is no adding up what was paid in different ones."""
    sums: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        if row.kind in ("purchase", "refund") and row.currency is not None:
            sums[row.currency][row.kind] += row.amount
    return [
        ValueOut(
            purchases=_money(by_kind["purchase"], currency),
            refunds=_money(by_kind["refund"], currency),
            net=_money(by_kind["purchase"] - by_kind["refund"], currency),
        )
        for currency, by_kind in sorted(sums.items())
    ]


def _money(amount: Decimal, currency: str) -> Money:
    money = money_of(amount, currency)
    assert money is not None
    return money


def _count(rows: Sequence[Any]) -> int:
    return sum(row.count for row in rows)


def _first(rows: Sequence[Any]) -> datetime | None:
    return min((row.first_at for row in rows), default=None)


def _last(rows: Sequence[Any]) -> datetime | None:
    return max((row.last_at for row in rows), default=None)
