"""What may stand in a field of which kind. Values are kept as JSON has them."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Final, Literal

from pydantic import StrictBool, StrictFloat, StrictInt, StrictStr

Kind = Literal["text", "number", "boolean", "date", "choice", "choices"]
Value = StrictBool | StrictInt | StrictFloat | StrictStr | list[StrictStr]

LONGEST_TEXT: Final = 2_000
# Beyond it floats, which is what most programs read numbers into, leave out whole numbers.
LARGEST_NUMBER: Final = 2**53
WITH_CHOICES: Final = frozenset({"choice", "choices"})


def fit(kind: Kind, choices: Collection[str], value: Value) -> Value:
    """The value as it is kept. Raises `ValueError` with what would be right."""
    return _FIT[kind](value, choices)


def _text(value: Value, choices: Collection[str]) -> Value:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise ValueError(f"must be a text of 1 to {LONGEST_TEXT} characters")
    return value.strip()


def _number(value: Value, choices: Collection[str]) -> Value:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_NUMBER:
        raise ValueError(f"must be a number between -{LARGEST_NUMBER} and {LARGEST_NUMBER}")
    return value


def _boolean(value: Value, choices: Collection[str]) -> Value:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _date(value: Value, choices: Collection[str]) -> Value:
    try:
        if not isinstance(value, str) or len(value) != len("2026-03-31"):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a day such as 2026-03-31") from None


def _choice(value: Value, choices: Collection[str]) -> Value:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"must be one of: {', '.join(choices)}")
    return value


def _choices(value: Value, choices: Collection[str]) -> Value:
    if not isinstance(value, list) or not value or not set(value) <= set(choices):
        raise ValueError(f"must be a list of some of: {', '.join(choices)}")
    # In the order of the field, so that the same choice is the same value.
    return [each for each in choices if each in value]


_FIT: Final[Mapping[Kind, Callable[[Value, Collection[str]], Value]]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "choice": _choice,
    "choices": _choices,
}
