"""Whether a condition holds. Pure and total: it never fails, whatever was answered."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any as Whatever
from typing import Final

import re2

from services.survey.definition.conditions import All, Any, Comparison, Condition
from services.survey.definition.facts import Facts, is_answered

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
TODAY: Final = "today"


def holds(condition: Condition | None, facts: Facts) -> bool:
    """No condition always holds."""
    if condition is None:
        return True
    if isinstance(condition, Comparison):
        return _compares(condition, facts)
    if isinstance(condition, All):
        return all(holds(part, facts) for part in condition.all)
    if isinstance(condition, Any):
        return any(holds(part, facts) for part in condition.any)
    return not holds(condition.not_, facts)


def number(value: Whatever) -> Decimal | None:
    """Texts that say a number are one, since hidden fields come with the link; true and false are none."""
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    # The shortest text that reads as the same float is what the sender wrote.
    return Decimal(repr(value)) if isinstance(value, float) else None


@lru_cache(1024)
def pattern(source: str) -> Whatever:
    """An RE2 pattern, which takes time in proportion to the text whatever was written. Raises `re2.error`."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(source, options=options)


def _compares(condition: Comparison, facts: Facts) -> bool:
    left = facts.value(condition.subject)
    operator = condition.operator
    if operator == "is_answered":
        return is_answered(left)
    if operator == "is_skipped":
        return not is_answered(left)
    if not is_answered(left):
        return False
    right = condition.value if condition.other is None else facts.value(condition.other)
    if operator in ("before", "after") and right == TODAY:
        right = facts.today
    return _OPERATORS[operator](left, right)


def _same(left: Whatever, right: Whatever) -> bool | None:
    """None if the two cannot be compared."""
    one, other = number(left), number(right)
    if one is not None and other is not None:
        return one == other
    if isinstance(left, list) and isinstance(right, list):
        return sorted(map(str, left)) == sorted(map(str, right))
    return left == right if type(left) is type(right) else None


def _ordered(left: Whatever, right: Whatever) -> int | None:
    """Below, at or above zero as left is less, the same or more; None if they have no order."""
    one, other = number(left), number(right)
    if one is not None and other is not None:
        return (one > other) - (one < other)
    first, second = _date(left), _date(right)
    return (first > second) - (first < second) if first and second else None


def _date(value: Whatever) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _by_order(fits: Callable[[int], bool]) -> Callable[[Whatever, Whatever], bool]:
    def compare(left: Whatever, right: Whatever) -> bool:
        order = _ordered(left, right)
        return order is not None and fits(order)

    return compare


def _between(left: Whatever, right: Whatever) -> bool:
    if not isinstance(right, list) or len(right) != 2:
        return False
    low, high = _ordered(left, right[0]), _ordered(left, right[1])
    return low is not None and high is not None and low >= 0 >= high


def _of_texts(fits: Callable[[str, str], bool]) -> Callable[[Whatever, Whatever], bool]:
    """Case makes no difference to people."""

    def compare(left: Whatever, right: Whatever) -> bool:
        return isinstance(left, str) and isinstance(right, str) and fits(left.casefold(), right.casefold())

    return compare


def _matches(left: Whatever, right: Whatever) -> bool:
    try:
        return isinstance(left, str) and isinstance(right, str) and pattern(right).fullmatch(left) is not None
    except re2.error:
        return False


def _of_lists(fits: Callable[[list[Whatever], list[Whatever]], bool]) -> Callable[[Whatever, Whatever], bool]:
    def compare(left: Whatever, right: Whatever) -> bool:
        return isinstance(left, list) and isinstance(right, list) and fits(left, right)

    return compare


def _of_sizes(
    kind: type[list[Whatever]] | type[str], fits: Callable[[int, Decimal], bool]
) -> Callable[[Whatever, Whatever], bool]:
    def compare(left: Whatever, right: Whatever) -> bool:
        size = number(right)
        return isinstance(left, kind) and size is not None and fits(len(left), size)

    return compare


_OPERATORS: Final[dict[str, Callable[[Whatever, Whatever], bool]]] = {
    "is_true": lambda left, _: left is True,
    "is_false": lambda left, _: left is False,
    "equals": lambda left, right: _same(left, right) is True,
    "not_equals": lambda left, right: _same(left, right) is False,
    "less": _by_order(lambda order: order < 0),
    "at_most": _by_order(lambda order: order <= 0),
    "greater": _by_order(lambda order: order > 0),
    "at_least": _by_order(lambda order: order >= 0),
    "before": _by_order(lambda order: order < 0),
    "after": _by_order(lambda order: order > 0),
    "between": _between,
    "contains": _of_texts(lambda text, part: part in text),
    "not_contains": _of_texts(lambda text, part: part not in text),
    "starts_with": _of_texts(str.startswith),
    "ends_with": _of_texts(str.endswith),
    "matches": _matches,
    "is_one_of": lambda left, right: isinstance(right, list) and any(_same(left, each) for each in right),
    "is_none_of": lambda left, right: isinstance(right, list) and not any(_same(left, each) for each in right),
    "includes_any": _of_lists(lambda has, wanted: any(each in has for each in wanted)),
    "includes_all": _of_lists(lambda has, wanted: all(each in has for each in wanted)),
    "includes_none": _of_lists(lambda has, wanted: not any(each in has for each in wanted)),
    "count_at_least": _of_sizes(list, lambda size, limit: size >= limit),
    "count_at_most": _of_sizes(list, lambda size, limit: size <= limit),
    "length_at_least": _of_sizes(str, lambda size, limit: size >= limit),
    "length_at_most": _of_sizes(str, lambda size, limit: size <= limit),
}
