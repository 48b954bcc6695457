"""Conditions and calculations that ask for what is not there, not yet, or never so."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any as Whatever
from typing import Final

import re2

from services.survey.definition.conditions import ALONE, All, Any, Comparison, Condition, Operator
from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault, error, warning
from services.survey.definition.faults.places import MOST_LISTED, Kind, Known, Subject, condition_places
from services.survey.definition.logic import TODAY, number, pattern
from services.survey.definition.questions import CSI, SCORED, bounds

_ORDER: Final = ("less", "at_most", "greater", "at_least")
_TEXT: Final = ("contains", "not_contains", "starts_with", "ends_with", "matches")
_SIZES: Final = ("count_at_least", "count_at_most", "length_at_least", "length_at_most")
_LISTS: Final = ("is_one_of", "is_none_of", "includes_any", "includes_all", "includes_none")
_SAME: Final[frozenset[Kind]] = frozenset({"number", "text", "words", "date", "option", "options"})
# What kinds of thing an operator can hold for; all others can be asked about anything.
_KINDS: Final[Mapping[str, frozenset[Kind]]] = {
    **dict.fromkeys(("is_true", "is_false"), frozenset[Kind]({"yes_or_no"})),
    **dict.fromkeys(("equals", "not_equals"), _SAME),
    **dict.fromkeys(("is_one_of", "is_none_of"), _SAME - {"options"}),
    **dict.fromkeys(_ORDER, frozenset[Kind]({"number", "words"})),
    "between": frozenset({"number", "words", "date"}),
    **dict.fromkeys(("before", "after"), frozenset[Kind]({"date", "words"})),
    **dict.fromkeys((*_TEXT, "length_at_least", "length_at_most"), frozenset[Kind]({"text", "words"})),
    **dict.fromkeys(("includes_any", "includes_all", "includes_none"), frozenset[Kind]({"options"})),
    **dict.fromkeys(("count_at_least", "count_at_most"), frozenset[Kind]({"options", "files"})),
}


def faults(definition: Definition) -> Iterator[Fault]:
    known = Known.of(definition)
    for place in condition_places(definition):
        for pointer, comparison in comparisons(place.condition, place.pointer):
            yield from _of_comparison(known, comparison, pointer, place.until)
    yield from _calculations(definition, known)


def comparisons(condition: Condition, pointer: str) -> Iterator[tuple[str, Comparison]]:
    """All of a tree, each with its place."""
    if isinstance(condition, Comparison):
        yield pointer, condition
    elif isinstance(condition, All | Any):
        name = "all" if isinstance(condition, All) else "any"
        for index, part in enumerate(getattr(condition, name)):
            yield from comparisons(part, f"{pointer}/{name}/{index}")
    else:
        yield from comparisons(condition.not_, f"{pointer}/not")


def unknown(known: Known, reference: str, pointer: str, until: int) -> Iterator[Fault]:
    """Nothing if the reference leads to something that can be known by then."""
    kind, _, rest = reference.partition(".")
    name = rest.partition(".")[0]
    if known.subject(reference) is None:
        is_item = kind == "question" and name in known.questions
        exists = f"`{name}` has no such item." if is_item else f"There are {known.listed.get(kind, 'none')}."
        yield error(pointer, f"unknown_{kind}", f"`{reference}` leads nowhere. {exists}")
    elif kind == "question" and known.order[name] >= until:
        detail = f"`{name}` is asked only afterwards, so nothing is known of it here. Move it before this."
        yield error(pointer, "asked_later", detail)


def _of_comparison(known: Known, comparison: Comparison, pointer: str, until: int) -> Iterator[Fault]:
    wrong = list(unknown(known, comparison.subject, f"{pointer}/subject", until))
    if comparison.other is not None:
        wrong += unknown(known, comparison.other, f"{pointer}/other", until)
    yield from wrong
    subject = known.subject(comparison.subject)
    if wrong or subject is None:
        return
    operator = comparison.operator
    if subject.kind == "nothing":
        yield error(
            f"{pointer}/subject", "asks_nothing", f"`{comparison.subject}` asks nothing, so nothing answers it."
        )
    elif operator in _KINDS and subject.kind not in _KINDS[operator]:
        kinds = " or ".join(sorted(_KINDS[operator])).replace("_", " ")
        detail = f"`{operator}` is for {kinds}, but `{comparison.subject}` is {subject.kind.replace('_', ' ')}."
        yield error(f"{pointer}/operator", "wrong_operator", detail)
    elif comparison.other is None and operator not in ALONE:
        yield from _value(operator, comparison.value, subject, f"{pointer}/value")
        yield from _never(known, comparison, pointer)


def _value(operator: Operator, value: Whatever, subject: Subject, pointer: str) -> Iterator[Fault]:
    if operator in _LISTS and not (isinstance(value, list) and value):
        yield error(pointer, "wrong_value", f"`{operator}` takes a list.")
    elif operator in _ORDER and number(value) is None:
        yield error(pointer, "wrong_value", f"`{operator}` takes a number.")
    elif operator in _SIZES and not (type(value) is int and value >= 0):
        yield error(pointer, "wrong_value", f"`{operator}` takes a whole number from 0 on.")
    elif operator in _TEXT and not (isinstance(value, str) and value):
        yield error(pointer, "wrong_value", f"`{operator}` takes a text.")
    elif operator in ("before", "after") and not (value == TODAY or _is_date(value)):
        yield error(pointer, "wrong_value", f"`{operator}` takes a date such as 2026-03-31, or `{TODAY}`.")
    elif operator == "between" and not _is_span(value, subject):
        yield error(pointer, "wrong_value", "`between` takes a list of the lowest and the highest, in this order.")
    elif operator == "matches":
        yield from bad_pattern(value, pointer)
    elif subject.ids and operator not in _SIZES:
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str) or each not in subject.ids:
                listed = ", ".join(sorted(subject.ids)[:MOST_LISTED])
                yield error(pointer, "unknown_option", f"There is no option `{each}`; there are {listed}.")


def bad_pattern(source: str, pointer: str) -> Iterator[Fault]:
    try:
        pattern(source)
    except re2.error as problem:
        # RE2 takes no look-around and no back references, which is why no text can keep it busy.
        reason = str(problem.args[0] if problem.args else problem)
        detail = reason.removeprefix("b'").rstrip("'")
        yield error(pointer, "bad_pattern", f"RE2 does not read this pattern: {detail}.")


def _never(known: Known, comparison: Comparison, pointer: str) -> Iterator[Fault]:
    """A score compared with what lies outside its scale."""
    key = comparison.subject.split(".")[1]
    question = known.questions.get(key) if comparison.subject.startswith("question.") else None
    value = number(comparison.value)
    if not isinstance(question, SCORED) or value is None:
        return
    lowest, highest = bounds(question)
    never = {
        "equals": not lowest <= value <= highest,
        "less": value <= lowest,
        "at_most": value < lowest,
        "greater": value >= highest,
        "at_least": value > highest,
    }
    if never.get(comparison.operator, False):
        scale = f"the items of `{key}` go" if isinstance(question, CSI) else f"`{key}` goes"
        yield warning(pointer, "never_met", f"This is never met: {scale} from {lowest} to {highest}.")


def _calculations(definition: Definition, known: Known) -> Iterator[Fault]:
    asked = 0
    for page_number, page in enumerate(definition.pages):
        asked += len(page.questions)
        for index, calculation in enumerate(page.calculations):
            pointer = f"/pages/{page_number}/calculations/{index}"
            kind = known.variables.get(calculation.variable)
            if kind is None:
                detail = f"There is no variable `{calculation.variable}`; there are {known.listed['variable']}."
                yield error(f"{pointer}/variable", "unknown_variable", detail)
                continue
            if (calculation.value is None) == (calculation.operand is None):
                yield error(pointer, "wrong_value", "Give one of `value` and `operand`.")
            elif calculation.operand is not None:
                yield from unknown(known, calculation.operand, f"{pointer}/operand", asked)
            elif kind == "number" and number(calculation.value) is None:
                yield error(f"{pointer}/value", "wrong_value", f"`{calculation.variable}` is a number; so is this.")
            elif calculation.operation == "divide" and number(calculation.value) == 0:
                yield error(f"{pointer}/value", "wrong_value", "Nothing can be divided by 0.")
            if calculation.operation not in (("set", "append") if kind == "text" else _OF_NUMBERS):
                detail = f"`{calculation.operation}` is not for a {kind}, which `{calculation.variable}` is."
                yield error(f"{pointer}/operation", "wrong_operator", detail)


_OF_NUMBERS: Final = ("set", "add", "subtract", "multiply", "divide")


def _is_date(value: Whatever) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_span(value: Whatever, subject: Subject) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    low, high = value
    if subject.kind == "date":
        return _is_date(low) and _is_date(high) and str(low) <= str(high)
    first, last = number(low), number(high)
    return first is not None and last is not None and first <= last
