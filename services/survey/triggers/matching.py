"""Whether an occasion is one that a trigger waits for, and when it asks: pure."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final

from services.survey.triggers.schemas import Condition, OnActivity, Window, as_number
from shared.contracts.activities import ActivityRecorded

_ORDER: Final[dict[str, Callable[[Decimal, Decimal], bool]]] = {
    "above": lambda one, other: one > other,
    "below": lambda one, other: one < other,
    "at_least": lambda one, other: one >= other,
    "at_most": lambda one, other: one <= other,
}
_DAYS_TO_LOOK_AHEAD = 9


def matches(on: OnActivity, activity: ActivityRecorded, now: datetime) -> bool:
    return (
        activity.kind == on.kind
        and on.name in (None, activity.name)
        and now - activity.occurred_at <= timedelta(days=on.within_days)
        and all(holds(condition, field_of(activity, condition.field)) for condition in on.conditions)
    )


def field_of(activity: ActivityRecorded, name: str) -> Any:
    """None for what the activity does not have."""
    if name == "amount":
        return activity.amount.amount if activity.amount else None
    if name == "currency":
        return activity.amount.currency if activity.amount else None
    if name == "touchpoint":
        return activity.touchpoint
    return activity.properties.get(name.removeprefix("properties."))


def holds(condition: Condition, found: Any) -> bool:
    wanted = condition.value
    if found is None:
        return condition.test == "is_not"
    if condition.test == "present":
        return True
    if condition.test == "one_of":
        assert isinstance(wanted, list)
        return any(_same(found, one) for one in wanted)
    if condition.test in ("is", "is_not"):
        return _same(found, wanted) == (condition.test == "is")
    number, limit = as_number(found), as_number(wanted)
    return number is not None and limit is not None and _ORDER[condition.test](number, limit)


def _same(found: Any, wanted: Any) -> bool:
    number, other = as_number(found), as_number(wanted)
    if number is not None and other is not None:
        return number == other
    return type(found) is type(wanted) and bool(found == wanted)


def first_moment(moment: datetime, window: Window | None, zone: tzinfo) -> datetime:
    """`moment`, or the next one within the window, in UTC."""
    if window is None:
        return moment
    local = moment.astimezone(zone)
    for ahead in range(_DAYS_TO_LOOK_AHEAD):
        day = local.date() + timedelta(days=ahead)
        start = datetime.combine(day, window.start, zone).astimezone(UTC)
        end = datetime.combine(day, window.end, zone).astimezone(UTC)
        if day.isoweekday() in window.days and moment < end:
            return max(moment, start)
    return moment
