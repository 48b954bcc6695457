"""Arithmetic over the catalogue in CEL (https://cel.dev): `nps - 0.5 * reopen_rate`. No I/O."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, Final

import cel

from services.metrics.scores.catalogue import CATALOGUE
from shared.expressions import wording
from shared.http.errors import Unacceptable

LONGEST: Final = 500
MOST_PARTS: Final = 10
POINTER: Final = "/expression"
# CEL adds no whole numbers to broken ones; here all numbers are broken.
_WHOLE: Final = re.compile(r"(?<![\w.])(\d+)(?![\w.])")
_DEEPEST: Final = 20


def parts_of(expression: str) -> Sequence[str]:
    """The metrics that it is made of, by name."""
    return sorted(_program(expression).variables())


def value_of(expression: str, values: Mapping[str, float | None]) -> float | None:
    """None if a part is not known, or where the arithmetic has no answer, such as a division by zero."""
    if any(value is None for value in values.values()):
        return None
    try:
        found = _program(expression).execute(dict(values))
    except (ArithmeticError, TypeError, ValueError, RuntimeError):
        return None
    return float(found) if isinstance(found, float) and isfinite(found) else None


def check(expression: str) -> None:
    """Raises `Unacceptable` for what cannot be read, is no number, or names a metric that is none."""
    if _depth(expression) > _DEEPEST:
        raise Unacceptable.field(POINTER, "too_deep", f"An expression nests at most {_DEEPEST} brackets deep.")
    try:
        names = parts_of(expression)
    except (ValueError, RuntimeError, RecursionError) as problem:
        raise Unacceptable.field(POINTER, "syntax", wording.of_syntax(str(problem))) from None
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        detail = f"`{unknown[0]}` is no metric of the catalogue; GET /v1/metrics lists them."
        raise Unacceptable.field(POINTER, "unknown_metric", detail)
    if not 1 <= len(names) <= MOST_PARTS:
        detail = f"An expression is made of 1 to {MOST_PARTS} metrics; this one of {len(names)}."
        raise Unacceptable.field(POINTER, "number_of_metrics", detail)
    try:
        found = _program(expression).execute(dict.fromkeys(names, 1.5))
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as problem:
        raise Unacceptable.field(POINTER, "dry_run", wording.of_evaluation(str(problem))) from None
    if not isinstance(found, float):
        detail = f"An expression gives a number; this one gives a {type(found).__name__}."
        raise Unacceptable.field(POINTER, "not_a_number", detail)


@lru_cache(maxsize=500)
def _program(expression: str) -> Any:
    return cel.compile(_WHOLE.sub(r"\1.0", expression))


def _depth(expression: str) -> int:
    depth = deepest = 0
    for character in expression:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest
