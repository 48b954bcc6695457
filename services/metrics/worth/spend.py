"""What was spent to win customers, and how much of it falls on a window."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, cast, func, select

from services.metrics.worth.models import AcquisitionSpend
from services.metrics.worth.schemas import NewSpend, SpendOut
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.http.schemas import Money
from shared.ids import new_id
from shared.work import Work


class UnknownSpend(NotFound):
    """There is no such spend."""


def listed(work: Work) -> Select[Any]:
    return select(AcquisitionSpend).where(AcquisitionSpend.account_id == work.account_id)


async def add(work: Work, spent: NewSpend) -> AcquisitionSpend:
    made = AcquisitionSpend(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **_values(spent),
    )
    work.session.add(made)
    return made


async def read(work: Work, spend_id: UUID) -> AcquisitionSpend:
    """Raises `UnknownSpend`."""
    found: AcquisitionSpend | None = await work.session.scalar(listed(work).where(AcquisitionSpend.id == spend_id))
    if found is None:
        raise UnknownSpend
    return found


async def replace(work: Work, spend_id: UUID, spent: NewSpend, *, expected: int | None) -> AcquisitionSpend:
    """Raises `UnknownSpend` and `StaleVersion`."""
    found = await _to_change(work, spend_id, expected)
    if changes := differing(found, _values(spent)):
        change(work, found, changes)
    return found


async def delete(work: Work, spend_id: UUID, *, expected: int | None) -> None:
    """Raises `UnknownSpend` and `StaleVersion`."""
    await work.session.delete(await _to_change(work, spend_id, expected))


async def within(work: Work, start: date, end: date) -> Mapping[str, Fraction]:
    """By currency: of each spend the part of its days that lies in the window, exactly."""
    first, last = func.greatest(AcquisitionSpend.from_day, start), func.least(AcquisitionSpend.to_day, end)
    length = cast(AcquisitionSpend.to_day - AcquisitionSpend.from_day, Integer)
    statement = (
        select(AcquisitionSpend.currency, length, func.sum(AcquisitionSpend.amount * (last - first)))
        .where(
            AcquisitionSpend.account_id == work.account_id,
            AcquisitionSpend.from_day < end,
            AcquisitionSpend.to_day > start,
        )
        .group_by(AcquisitionSpend.currency, length)
    )
    found: dict[str, Fraction] = defaultdict(Fraction)
    for currency, days, amount in await work.session.execute(statement):
        found[currency] += Fraction(amount) / days
    return found


def shown(spend: AcquisitionSpend) -> SpendOut:
    return SpendOut.model_construct(
        id=spend.id,
        from_=spend.from_day,
        to=spend.to_day,
        amount=Money.model_construct(amount=spend.amount.quantize(Decimal("0.01")), currency=spend.currency),
        **{name: getattr(spend, name) for name in ("note", "version", "created_at", "updated_at")},
    )


async def _to_change(work: Work, spend_id: UUID, expected: int | None) -> AcquisitionSpend:
    statement = listed(work).where(AcquisitionSpend.id == spend_id).with_for_update()
    found: AcquisitionSpend | None = await work.session.scalar(statement)
    if found is None:
        raise UnknownSpend
    check_match(expected, found.version)
    return found


def _values(spent: NewSpend) -> dict[str, object]:
    return {
        "from_day": spent.from_,
        "to_day": spent.to,
        "amount": spent.amount.amount,
        "currency": spent.amount.currency,
        "note": spent.note,
    }
