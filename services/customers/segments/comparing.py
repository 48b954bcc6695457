"""How values are compared, as SQL. Days and moments travel as text, and are compared as what they are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, false, func, literal, or_
from sqlalchemy.types import TypeEngine

from services.customers.attributes.schemas import AttributeKind

# By the attribute's name, of those that an account has defined.
Kinds = Mapping[str, AttributeKind]
NO_KINDS: Final[Kinds] = {}
COMPARE: Final[dict[str, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "eq": lambda one, other: one == other,
    "lt": lambda one, other: one < other,
    "lte": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "gte": lambda one, other: one >= other,
    "begins_with": lambda one, other: func.starts_with(one, other),
    "contains": lambda one, other: func.strpos(one, other) > 0,
}

# Nothing but what a cast takes: a text that came before its attribute was defined can be anything. The last line is
# the 29th of February, in its years.
_DAY = (
    r"(?!0000)(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])|\d{4}-(0[13-9]|1[0-2])-(29|30)|\d{4}-(0[13578]|1[02])-31"
    r"|(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)"
)
_HOUR = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_ZONE = r"([Zz]|[+-](0\d|1[0-4]):?[0-5]\d)"
_READ: Final[Mapping[AttributeKind, tuple[str, TypeEngine[Any], Callable[[str], date]]]] = {
    AttributeKind.DATE: (f"^{_DAY}$", Date(), date.fromisoformat),
    AttributeKind.TIME: (f"^{_DAY}[T ]{_HOUR}{_ZONE}$", DateTime(timezone=True), datetime.fromisoformat),
}
_IN_TIME = frozenset({"eq", "one_of", "lt", "lte", "gt", "gte"})


def is_in_time(kind: AttributeKind | None, op: str) -> bool:
    """Whether days or moments are compared."""
    return kind in _READ and op in _IN_TIME


def in_time(kind: AttributeKind, op: str, value: Any, found: Any, text: Any) -> ColumnElement[bool]:
    """Whatever is no day or moment is not equal, not less and not more. `found` is JSON, `text` its text."""
    pattern, type_, _ = _READ[kind]
    is_one = and_(func.jsonb_typeof(found) == "string", text.op("~")(literal(pattern)))
    # A cast is only safe behind the pattern; `case` is what keeps this order.
    one = case((is_one, cast(text, type_)))
    compare = COMPARE["eq" if op == "one_of" else op]
    others = _wanted(kind, value if isinstance(value, list) else [value])
    return func.coalesce(or_(false(), *(compare(one, literal(other, type_)) for other in others)), false())


def _wanted(kind: AttributeKind, values: Sequence[Any]) -> list[date]:
    """Those that can be read; a condition may be older than the attribute's definition."""
    wanted = []
    for value in values:
        try:
            wanted.append(_READ[kind][2](value))
        except (TypeError, ValueError):
            continue
    return [one for one in wanted if not isinstance(one, datetime) or one.tzinfo is not None]
