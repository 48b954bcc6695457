"""Conditions in CEL (https://cel.dev): `data.rating != null && data.rating.band == "negative"`.

The variables are `data`, the event's payload, and `event`, with its id, type, subject, time and actor. CEL has no loops
and no side effects; what it lacks is a budget, so length and nesting are capped when a condition is saved.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import cel

from services.notifier.rules import wording
from services.notifier.shapes import Schema, example_of, fields_of, shape_of, unknown_field
from shared.http.errors import Unacceptable

LONGEST = 2_000
DEEPEST = 20

_STRING: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_PATH: Final = re.compile(r"(?<![\w.\]])(data|event)((?:\s*\.\s*[A-Za-z_]\w*(?!\s*\(|\w))*)")
_COMPREHENSION: Final = re.compile(r"\.\s*(?:exists_one|exists|all|filter|map)\s*\(")
_EVENT_SHAPE: Final[Schema] = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "type", "subject", "time", "actor")},
}


def holds(condition: str, activation: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Whether it holds; if not for a reason of its own, such as a field that is not there, that reason."""
    if not condition:
        return True, None
    try:
        result = _program(condition).execute(activation)
    except KeyError as problem:
        return False, f"the event has no field {problem}"
    except (TypeError, ValueError, RuntimeError, IndexError, ArithmeticError) as problem:
        return False, f"it could not be evaluated: {wording.of_evaluation(str(problem))}"
    if result is not True and result is not False:
        return False, "the condition gave no yes or no"
    return result, None


def check(condition: str, event_type: str, *, pointer: str = "/condition") -> None:
    """Raises `Unacceptable` for what cannot be read, names a field that is not there, or gives no yes or no."""
    if not condition:
        return
    if len(condition) > LONGEST:
        raise Unacceptable.field(pointer, "too_long", f"A condition has at most {LONGEST} characters.")
    bare = _STRING.sub('""', condition)
    if _depth(bare) > DEEPEST:
        raise Unacceptable.field(pointer, "too_deep", f"A condition nests at most {DEEPEST} brackets deep.")
    if _has_nested_loop(bare):
        # The work would be the product of two lengths, and a condition can bring long lists of its own.
        detail = "exists(), all(), filter() and map() cannot stand inside one another."
        raise Unacceptable.field(pointer, "too_costly", detail)
    _compiles(condition, pointer)
    _names_known_fields(bare, event_type, pointer)
    _gives_yes_or_no(condition, event_type, pointer)


def activation_of(data: Mapping[str, Any], **event: str) -> dict[str, Any]:
    """What a condition sees."""
    return {"data": data, "event": event}


@lru_cache(maxsize=2_000)
def _program(condition: str) -> Any:
    return cel.compile(condition)


def _compiles(condition: str, pointer: str) -> None:
    try:
        program = _program(condition)
    except (ValueError, RuntimeError, RecursionError) as problem:
        raise Unacceptable.field(pointer, "syntax", wording.of_syntax(str(problem))) from None
    unknown = [name for name in program.variables() if name not in ("data", "event")]
    bound = set(re.findall(r"\.\s*(?:exists_one|exists|all|filter|map)\s*\(\s*([A-Za-z_]\w*)", condition))
    for name in sorted(set(unknown) - bound):
        raise Unacceptable.field(pointer, "unknown_field", f"`{name}` is unknown; a condition sees `data` and `event`.")


def _names_known_fields(bare: str, event_type: str, pointer: str) -> None:
    shapes = {"data": shape_of(event_type), "event": _EVENT_SHAPE}
    for root, path in _paths(bare):
        unknown = unknown_field(shapes[root], path)
        if unknown is not None:
            there = ", ".join(fields_of(shapes[root]))
            detail = f"`{root}.{unknown}` is not a field of {event_type}. Fields of `{root}`: {there}."
            raise Unacceptable.field(pointer, "unknown_field", detail)


def _paths(bare: str) -> Iterator[tuple[str, list[str]]]:
    for match in _PATH.finditer(bare):
        yield match[1], [part.strip() for part in match[2].split(".") if part.strip()]


def _gives_yes_or_no(condition: str, event_type: str, pointer: str) -> None:
    """A dry run on an example in which every field is filled in. What depends on its values proves nothing."""
    event = example_of(_EVENT_SHAPE) | {"time": "2026-03-02T09:30:00Z", "type": event_type}
    try:
        result = _program(condition).execute({"data": example_of(shape_of(event_type)), "event": event})
    except (LookupError, ArithmeticError):
        return
    except (TypeError, ValueError, RuntimeError) as problem:
        raise Unacceptable.field(pointer, "dry_run", wording.of_evaluation(str(problem))) from None
    if not isinstance(result, bool):
        kind = type(result).__name__
        raise Unacceptable.field(pointer, "not_boolean", f"A condition is true or false; this one gives a {kind}.")


def _has_nested_loop(bare: str) -> bool:
    loops = [(match.end(), _closing(bare, match.end())) for match in _COMPREHENSION.finditer(bare)]
    return any(start < other < end for start, end in loops for other, _ in loops)


def _closing(bare: str, position: int) -> int:
    """Where the bracket that was opened just before `position` is closed."""
    depth = 1
    while depth and position < len(bare):
        depth += {"(": 1, ")": -1}.get(bare[position], 0)
        position += 1
    return position


def _depth(bare: str) -> int:
    depth = deepest = 0
    for character in bare:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest
