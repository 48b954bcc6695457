"""Whether a value fits an attribute's definition: the one place that says so."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from services.customers.attributes.models import AttributeDefinition
from services.customers.attributes.schemas import AttributeKind
from shared.http.errors import FieldProblem, Unacceptable

Definitions = Mapping[str, AttributeDefinition]

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def check(definitions: Definitions, attributes: Mapping[str, Any]) -> None:
    """Raises `Unacceptable` that names every attribute whose value is not of its kind. Null, which removes, fits."""
    problems = []
    for name, value in attributes.items():
        definition = definitions.get(name)
        wrong = misfit(definition, value) if definition is not None and value is not None else None
        if wrong is not None:
            problems.append(FieldProblem(f"/attributes/{name}", "attribute", f"{name} {wrong}"))
    if problems:
        raise Unacceptable(" ".join(problem.detail for problem in problems), errors=tuple(problems))


def read(definition: AttributeDefinition | None, cell: str) -> Any:
    """A cell of a file, which has nothing but text, as a value of the attribute's kind; what cannot be read stays."""
    kind = definition.kind if definition is not None else AttributeKind.TEXT
    if kind == AttributeKind.NUMBER:
        return _number(cell)
    if kind == AttributeKind.BOOLEAN:
        return _TRUTH.get(cell.strip().casefold(), cell)
    return cell


def _number(cell: str) -> Any:
    try:
        number = Decimal(cell.strip())
    except InvalidOperation:
        return cell
    if not number.is_finite():
        return cell
    return int(number) if number == number.to_integral_value() and abs(number) < 2**53 else float(number)


def misfit(definition: AttributeDefinition, value: Any) -> str | None:
    """What is wrong with it, to be read after the attribute's name."""
    if definition.kind == AttributeKind.CHOICE:
        choices = [choice["value"] for choice in definition.choices]
        if isinstance(value, str) and value in choices:
            return None
        return f"has to be one of: {', '.join(choices[:10])}{', …' if len(choices) > 10 else ''}."
    fits, wanted = _KINDS[AttributeKind(definition.kind)]
    return None if fits(value) else f"has to be {wanted}."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_KINDS: Mapping[AttributeKind, tuple[Callable[[Any], bool], str]] = {
    AttributeKind.TEXT: (lambda value: isinstance(value, str), "text"),
    AttributeKind.NUMBER: (_is_number, "a number, not in quotes"),
    AttributeKind.BOOLEAN: (lambda value: isinstance(value, bool), "true or false"),
    AttributeKind.DATE: (_is_day, "a day such as 2026-03-01"),
    AttributeKind.TIME: (_is_moment, "a time with its zone such as 2026-03-01T12:00:00Z"),
}
