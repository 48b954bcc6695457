"""The way of one attempt through a survey: what is asked, what comes next, how it ends. Pure: no clock, no database."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from services.survey.definition.document import END, Calculation, Definition, Ending, Page
from services.survey.definition.facts import Attempt, Facts, is_answered
from services.survey.definition.logic import holds, number
from services.survey.definition.questions import CSI, Consent, Matrix, Question, Statement

LARGEST: Final = Decimal(10) ** 15
LONGEST_TEXT: Final = 2_000
_PLACES: Final = Decimal("0.000001")
# In place of a page's. The way only ever leads forwards, so it comes to an end.
_OVER: Final = -1


class Walk(NamedTuple):
    """`pages`: those on the way, the one to be filled in now last. `asked`: the questions on them that are shown.

    `page` is None once there is nothing left to fill in; `ending` is then the one that was reached, or None in a survey
    that has none of its own. Answers to questions that are not on the way are `off_path`: kept out of what is stored,
    whatever the page sent. `missing`: required questions of pages that were left, without a whole answer, in order.
    """

    pages: Sequence[Page]
    page: Page | None
    asked: Mapping[str, Question]
    required: frozenset[str]
    missing: Sequence[str]
    off_path: frozenset[str]
    variables: Mapping[str, Decimal | str]
    ending: Ending | None
    # How far along, 0..100, never less on a later page.
    progress: int
    # What conditions and piped texts can ask at this point.
    facts: Facts


def walk(definition: Definition, attempt: Attempt) -> Walk:
    """As far as the attempt came: to the first page that was not left or lacks a required answer, else to the end.

    An attempt without `left` is followed to the end, whatever is missing.
    """
    way = _Way(definition, attempt)
    at, ending_key = 0, str(END)
    while at != _OVER and way.fill_in(definition.pages[at]):
        at, ending_key = way.leave(at)
    page = None if at == _OVER else definition.pages[at]
    return Walk(
        pages=way.pages,
        page=page,
        asked=way.facts.asked,
        required=frozenset(way.required),
        missing=way.missing,
        off_path=frozenset(attempt.answers.keys() - way.facts.asked.keys()),
        variables=way.facts.variables,
        ending=None if page else _ending(definition, ending_key, way.facts),
        progress=100 if page is None else 100 * at // len(definition.pages),
        facts=way.facts,
    )


class _Way:
    def __init__(self, definition: Definition, attempt: Attempt) -> None:
        self._definition = definition
        self._left = attempt.left
        self.facts = Facts(attempt, {variable.key: variable.initial for variable in definition.variables})
        self.pages: list[Page] = []
        self.required: set[str] = set()
        self.missing: list[str] = []

    def fill_in(self, page: Page) -> bool:
        """Ask what it asks. Whether the page is done with."""
        self.pages.append(page)
        was_left = self._left is None or page.key in self._left
        for question in page.questions:
            if question.show_when is not None and not holds(question.show_when, self.facts):
                continue
            self.facts.asked[question.key] = question
            if self._is_required(question):
                self.required.add(question.key)
                if was_left and not is_whole(question, self.facts.answer(question.key)):
                    self.missing.append(question.key)
        # Nobody has to press a button on a page that asks nothing.
        is_done = was_left or not any(question.key in self.facts.asked for question in page.questions)
        return is_done and (self._left is None or not self.missing)

    def leave(self, at: int) -> tuple[int, str]:
        """The next page's place, or `_OVER` and an ending's key."""
        page = self._definition.pages[at]
        for calculation in page.calculations:
            if holds(calculation.when, self.facts):
                self._calculate(calculation)
        for jump in page.jumps:
            if holds(jump.when, self.facts):
                return self._place_of(jump.to, at), jump.to
        return (at + 1 if at + 1 < len(self._definition.pages) else _OVER), END

    def _is_required(self, question: Question) -> bool:
        by_condition = question.required_when is not None and holds(question.required_when, self.facts)
        return (question.required or by_condition) and not isinstance(question, Statement)

    def _place_of(self, key: str, at: int) -> int:
        later = range(at + 1, len(self._definition.pages))
        return next((place for place in later if self._definition.pages[place].key == key), _OVER)

    def _calculate(self, calculation: Calculation) -> None:
        name = calculation.variable
        operand: Any = calculation.value
        if operand is None and calculation.operand is not None:
            operand = self.facts.value(calculation.operand)
        if operand is None or name not in self.facts.variables:
            return
        result = calculated(self.facts.variables[name], calculation.operation, operand)
        if result is not None:
            self.facts.variables[name] = result


def calculated(present: Decimal | str, operation: str, operand: Any) -> Decimal | str | None:
    """A variable's new value, to six places; None where there is none: another type, a division by zero, too large."""
    if isinstance(present, str):
        if isinstance(operand, list | dict):
            return None
        text = _plain(operand)
        result = text if operation == "set" else present + text if operation == "append" else None
        return result if result is None or len(result) <= LONGEST_TEXT else None
    value = number(operand)
    if value is None or operation == "append" or (operation == "divide" and value == 0):
        return None
    found = {
        "set": lambda: value,
        "add": lambda: present + value,
        "subtract": lambda: present - value,
        "multiply": lambda: present * value,
        "divide": lambda: present / value,
    }[operation]()
    return found.quantize(_PLACES).normalize() + 0 if abs(found) <= LARGEST else None


def is_whole(question: Question, value: Any) -> bool:
    """Whether a required question is done with: every row of a table, and a consent that was given."""
    if isinstance(question, Matrix):
        return isinstance(value, dict) and all(value.get(row.id) for row in question.rows)
    if isinstance(question, CSI):
        # "Does not apply" is said, not left out.
        return isinstance(value, dict) and all(item.id in value for item in question.items)
    return value is True if isinstance(question, Consent) else is_answered(value)


def _ending(definition: Definition, key: str, facts: Facts) -> Ending | None:
    if key != END:
        return next((ending for ending in definition.endings if ending.key == key), None)
    return next((ending for ending in definition.endings if holds(ending.when, facts)), None)


def _plain(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
