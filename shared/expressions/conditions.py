"""Conditions in CEL (https://cel.dev): `data.rating != null && data.rating.band == "negative"`.

Which variables there are, and what fields they have, says whoever asks. CEL has no loops and no side effects; what it
lacks is a budget, so length and nesting are capped when a condition is saved.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import cel

from shared.expressions import wording
from shared.expressions.shapes import Schema, example_of, fields_of, unknown_field
from shared.http.errors import Unacceptable

LONGEST = 2_000
DEEPEST = 20

_STRING: Final = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_COMPREHENSION: Final = re.compile(r"\.\s*(?:exists_one|exists|all|filter|map)\s*\(")
_FIELDS: Final = r"((?:\s*\.\s*[A-Za-z_]\w*(?!\s*\(|\w))*)"
# What a condition sees, by the name of the variable.
Shapes = Mapping[str, Schema]


def holds(condition: str, activation: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Whether it holds; if not for a reason of its own, such as a field that is not there, that reason."""
    if not condition:
        return True, None
    try:
        result = _program(condition).execute(activation)
    except KeyError as problem:
        return False, f"there is no field {problem}"
    except (TypeError, ValueError, RuntimeError, IndexError, ArithmeticError) as problem:
        return False, f"it could not be evaluated: {wording.of_evaluation(str(problem))}"
    if result is not True and result is not False:
        return False, "the condition gave no yes or no"
    return result, None


def check(condition: str, shapes: Shapes, *, pointer: str, examples: Mapping[str, Any] | None = None) -> None:
    """Raises `Unacceptable` for what cannot be read, names a field that is not there, or gives no yes or no.

    `examples` stand in the dry run for values that the shapes say too little about.
    """
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
    _compiles(condition, shapes, pointer)
    _names_known_fields(bare, shapes, pointer)
    _gives_yes_or_no(
        condition, {**{name: example_of(shape) for name, shape in shapes.items()}, **(examples or {})}, pointer
    )


def variables_of(condition: str) -> frozenset[str]:
    """The names that it looks at."""
    return frozenset(_program(condition).variables()) if condition else frozenset()


@lru_cache(maxsize=2_000)
def _program(condition: str) -> Any:
    return cel.compile(condition)


def _compiles(condition: str, shapes: Shapes, pointer: str) -> None:
    try:
        program = _program(condition)
    except (ValueError, RuntimeError, RecursionError) as problem:
        raise Unacceptable.field(pointer, "syntax", wording.of_syntax(str(problem))) from None
    unknown = [name for name in program.variables() if name not in shapes]
    bound = set(re.findall(r"\.\s*(?:exists_one|exists|all|filter|map)\s*\(\s*([A-Za-z_]\w*)", condition))
    for name in sorted(set(unknown) - bound):
        seen = " and ".join(f"`{each}`" for each in shapes)
        raise Unacceptable.field(pointer, "unknown_field", f"`{name}` is unknown; a condition sees {seen}.")


def _names_known_fields(bare: str, shapes: Shapes, pointer: str) -> None:
    for root, path in _paths(bare, shapes):
        unknown = unknown_field(shapes[root], path)
        if unknown is not None:
            there = ", ".join(fields_of(shapes[root]))
            detail = f"There is no field `{root}.{unknown}`. Fields of `{root}`: {there}."
            raise Unacceptable.field(pointer, "unknown_field", detail)


def _paths(bare: str, shapes: Shapes) -> Iterator[tuple[str, list[str]]]:
    for match in re.finditer(rf"(?<![\w.\]])({'|'.join(shapes)}){_FIELDS}", bare):
        yield match[1], [part.strip() for part in match[2].split(".") if part.strip()]


def _gives_yes_or_no(condition: str, example: Mapping[str, Any], pointer: str) -> None:
    """A dry run on an example in which every field is filled in. What depends on its values proves nothing."""
    try:
        result = _program(condition).execute(example)
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
