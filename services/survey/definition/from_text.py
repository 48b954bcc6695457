"""Answers from where there is nothing but text: a cell of a CSV file, a field of a form."""

import re
from typing import Any, Final

from services.survey.definition import questions
from services.survey.definition.questions import Question

# Between several in one cell: `price|service`; a table's cells are `speed=9|price=7`.
SEPARATOR: Final = "|"
YES: Final = frozenset({"true", "yes", "1", "on"})
NO: Final = frozenset({"false", "no", "0", "off"})

_NUMBERS = (questions.NPS, questions.CSAT, questions.CES, questions.Rating, questions.Number)
_LISTS = (questions.Multiple, questions.Ranking, questions.File)
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_FRACTION = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")


def value_from_text(question: Question, text: str) -> Any:
    """What the text says to this question; text that says nothing of the kind comes back as it is, to be refused."""
    if isinstance(question, _NUMBERS):
        return as_number(text)
    if isinstance(question, _LISTS):
        return _parts(text)
    if isinstance(question, questions.Matrix | questions.CSI):
        return _table(question, text)
    if isinstance(question, questions.Consent):
        said = text.strip().lower()
        return True if said in YES else False if said in NO else text
    return text


def as_number(text: str) -> int | float | str:
    """The number it says, as people and spreadsheets write it, else the text."""
    stripped = text.strip()
    if _WHOLE.fullmatch(stripped):
        return int(stripped)
    return float(stripped) if _FRACTION.fullmatch(stripped) else text


def _table(question: questions.Matrix | questions.CSI, text: str) -> Any:
    cells: dict[str, Any] = {}
    for part in _parts(text):
        row, equals, cell = part.partition("=")
        if not equals:
            return text
        row, cell = row.strip(), cell.strip()
        if isinstance(question, questions.CSI):
            cells[row] = as_number(cell) if cell else None
        elif question.several:
            cells[row] = [*cells.get(row, ()), cell]
        else:
            cells[row] = cell
    return cells


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]
