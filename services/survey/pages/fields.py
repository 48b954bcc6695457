"""The names of the form's fields, in both directions: what was entered as answers, and answers as what is entered.

A question's field has its key for a name; rows, items and places have `key.id`. Keys have no dots, so nothing collides.
Nothing is judged here: what cannot be an answer is passed on as it is, to be refused by the rules of its question.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from services.survey.definition.facts import OTHER
from services.survey.definition.from_text import as_number
from services.survey.definition.questions import (
    CES,
    CSAT,
    CSI,
    NPS,
    Consent,
    File,
    Matrix,
    Multiple,
    Number,
    Question,
    Ranking,
    Rating,
    Single,
    Statement,
)

Fields = Mapping[str, Sequence[str]]
# No option's id begins like this.
OWN_WORDS: Final = "+other"
NOT_APPLICABLE: Final = "+none"

_WHOLE = re.compile(r"-?[0-9]{1,15}")
# As many people write it: `3,5` is `3.5`.
_COMMA = re.compile(r"(-?[0-9]{1,15}),([0-9]{1,10})")


def answers_in(questions: Iterable[Question], entered: Fields) -> dict[str, Any]:
    """By question; what was left empty is no answer."""
    found: dict[str, Any] = {}
    for question in questions:
        value = _answer(question, entered)
        if value not in (None, "", [], {}):
            found[question.key] = value
    return found


def fields_of(questions: Iterable[Question], answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """What would be entered for these answers, the opposite of `answers_in`."""
    found: dict[str, list[str]] = {}
    for question in questions:
        if answers.get(question.key) is not None:
            found |= _fields(question, answers[question.key])
    return found


def names_of(question: Question) -> list[str]:
    """All fields that a question can have."""
    key = question.key
    if isinstance(question, CSI):
        return [f"{key}.{item.id}" for item in question.items]
    if isinstance(question, Matrix):
        return [f"{key}.{row.id}" for row in question.rows]
    if isinstance(question, Ranking):
        return [f"{key}.{option.id}" for option in question.options]
    if isinstance(question, Single | Multiple) and question.other:
        return [key, own_words_field(key)]
    return [] if isinstance(question, Statement) else [key]


def own_words_field(key: str) -> str:
    return f"{key}.{OWN_WORDS}"


def shared_places(question: Ranking, entered: Fields) -> bool:
    """Whether two were given one place; then there is no order to read."""
    places = [place for place, _ in _placed(question, entered)]
    return len(set(places)) < len(places)


def _answer(question: Question, entered: Fields) -> Any:
    key, text = question.key, _first(entered, question.key)
    if isinstance(question, NPS | CSAT | CES | Rating):
        return as_number(text)
    if isinstance(question, CSI):
        given = {item.id: _first(entered, f"{key}.{item.id}") for item in question.items}
        return {name: None if value == NOT_APPLICABLE else as_number(value) for name, value in given.items() if value}
    if isinstance(question, Single):
        return {OTHER: _first(entered, own_words_field(key))} if text == OWN_WORDS else text
    if isinstance(question, Multiple):
        own = {OTHER: _first(entered, own_words_field(key))}
        return [own if value == OWN_WORDS else value for value in _chosen(entered, key)]
    if isinstance(question, Ranking):
        return [name for _, name in sorted(_placed(question, entered))]
    if isinstance(question, Matrix):
        rows = {row.id: _chosen(entered, f"{key}.{row.id}") for row in question.rows}
        return {name: chosen if question.several else chosen[0] for name, chosen in rows.items() if chosen}
    if isinstance(question, Number):
        return as_number(_COMMA.sub(r"\1.\2", text))
    if isinstance(question, Consent):
        # A box that was left alone says nothing, and surely takes nothing back that was agreed to elsewhere.
        return True if text == "true" else None
    if isinstance(question, File):
        return _chosen(entered, key)
    return None if isinstance(question, Statement) else text


def _fields(question: Question, answer: Any) -> dict[str, list[str]]:
    key = question.key
    if isinstance(question, Ranking):
        return {f"{key}.{name}": [str(place)] for place, name in enumerate(answer, 1)}
    if isinstance(question, CSI):
        return {f"{key}.{name}": [NOT_APPLICABLE if value is None else str(value)] for name, value in answer.items()}
    if isinstance(question, Matrix):
        return {f"{key}.{row}": chosen if isinstance(chosen, list) else [chosen] for row, chosen in answer.items()}
    if isinstance(question, Single | Multiple):
        chosen = answer if isinstance(answer, list) else [answer]
        own = [value[OTHER] for value in chosen if isinstance(value, dict)]
        names = [OWN_WORDS if isinstance(value, dict) else value for value in chosen]
        return {key: names} | ({own_words_field(key): own} if own else {})
    if isinstance(question, Consent):
        return {key: ["true"]} if answer else {}
    return {key: answer if isinstance(answer, list) else [str(answer)]}


def _placed(question: Ranking, entered: Fields) -> list[tuple[int, str]]:
    given = ((_first(entered, f"{question.key}.{option.id}"), option.id) for option in question.options)
    return [(int(place), name) for place, name in given if _WHOLE.fullmatch(place)]


def _first(entered: Fields, name: str) -> str:
    return next(iter(entered.get(name, ())), "").strip()


def _chosen(entered: Fields, name: str) -> list[str]:
    return list(dict.fromkeys(value for value in entered.get(name, ()) if value.strip()))
