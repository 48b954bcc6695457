"""Telling the others of an activity: when it happens, which may be later than when it is recorded."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.customers.activities.models import Activity
from services.customers.activities.schemas import money_of
from shared.bus.subscriptions import Timer
from shared.contracts.activities import ActivityAmount, ActivityCorrected, ActivityRecorded
from shared.work import Work

TIMER: Final = "activities.happens"

_FIELDS = ActivityRecorded.model_fields.keys() - {"activity_id", "origin_customer_id", "amount"}


async def of(work: Work, row: Any) -> None:
    """`row` has the columns of an `Activity` that was just recorded or corrected."""
    if row.told_version is None:
        await work.schedule(TIMER, key=str(row.id), due_at=row.occurred_at)
    elif row.told_version == row.version:
        _tell(work, ActivityRecorded, row)
    else:
        _tell(work, ActivityCorrected, row)


async def happens(work: Work, timer: Timer) -> None:
    """Tell of what was still to come, unless a correction was faster."""
    mine = select(Activity).where(Activity.account_id == work.account_id, Activity.id == UUID(timer.key))
    activity = await work.session.scalar(mine.with_for_update())
    if activity is not None and activity.told_version is None:
        if activity.occurred_at <= work.now:
            activity.told_version = activity.version
        await of(work, activity)


def _tell(work: Work, payload: type[ActivityRecorded | ActivityCorrected], row: Any) -> None:
    money = money_of(row.amount, row.currency)
    told = payload(
        activity_id=row.id,
        origin_customer_id=row.origin_customer_id or row.customer_id,
        amount=ActivityAmount(amount=money.amount, currency=money.currency) if money else None,
        **{name: getattr(row, name) for name in _FIELDS},
    )
    work.emit(told, subject=row.id, version=row.version)
