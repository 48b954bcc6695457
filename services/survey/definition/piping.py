"""What somebody answered, inside the words that come after: `{{question.name|friend}}`.

The words behind the bar stand in for what is not known. What comes back is plain text: whoever renders it escapes it.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from services.survey.definition.document import Definition
from services.survey.definition.facts import OTHER, Attempt, Facts, is_answered
from services.survey.definition.questions import CSI, Matrix, Multiple, Question, Ranking, Single
from services.survey.definition.texts import in_locale

# "First strong isolate" and its end (UAX 9): a name in Arabic, or an override that somebody pasted, turns round
# nothing but itself.
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
MOST_CHARACTERS: Final = 500

_PIPE = re.compile(r"\{\{\s*([a-z][a-z0-9_.-]{0,200})\s*(?:\|([^{}]{0,200}))?\}\}")


class Pipe(NamedTuple):
    """One place in a text that is filled in. `reference` is as written, so it may lead nowhere."""

    reference: str
    fallback: str


def pipes(text: str) -> Iterator[Pipe]:
    return (Pipe(found[1], (found[2] or "").strip()) for found in _PIPE.finditer(text))


def without_pipes(text: str) -> str:
    return _PIPE.sub("", text)


def filled(text: str, facts: Facts, *locales: str) -> str:
    """The text with what is known put in, options by their labels. What was put in is not looked at again."""
    if "{{" not in text:
        return text
    return _PIPE.sub(lambda found: _words_for(found[1], (found[2] or "").strip(), facts, locales), text)


def filled_with(text: str, values: Mapping[str, str]) -> str:
    """The text with plain values put in; where one is empty or unknown, the words behind the bar."""
    return _PIPE.sub(lambda found: values.get(found[1]) or (found[2] or "").strip(), text)


def known_before(definition: Definition, *, locale: str, channel: str, today: str) -> Facts:
    """What is known of an attempt that nobody has begun: the variables as they start, the language, and the channel."""
    attempt = Attempt(answers={}, hidden={}, language=locale, channel=channel, today=today)
    return Facts(attempt, {variable.key: variable.initial for variable in definition.variables})


def filled_before(text: str, facts: Facts, *locales: str) -> str:
    """As `filled`, for words that are sent ahead. Only the survey's own makers have a say in them, so nothing is
    isolated: in a text message these two characters would more than double its price."""
    return filled(text, facts, *locales).replace(ISOLATE, "").replace(END_OF_ISOLATE, "")


def _words_for(reference: str, fallback: str, facts: Facts, locales: tuple[str, ...]) -> str:
    kind, _, rest = reference.partition(".")
    name, _, item = rest.partition(".")
    value = facts.value(reference) if kind != "question" or item else facts.answer(name)
    if not is_answered(value):
        return fallback
    question = facts.asked.get(name) if kind == "question" else None
    words = _shown(question, value, locales)[:MOST_CHARACTERS]
    return f"{ISOLATE}{words}{END_OF_ISOLATE}" if words else fallback


def _shown(question: Question | None, value: Any, locales: tuple[str, ...]) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, (_shown(question, each, locales) for each in value)))
    if isinstance(value, dict):
        return _shown(None, value.get(OTHER, ""), locales)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool):
        return ""
    label = _labels(question).get(value) if question is not None and isinstance(value, str) else None
    return in_locale(label, *locales) if label else str(value)


def _labels(question: Question) -> dict[str, Any]:
    """By the ids that an answer holds."""
    if isinstance(question, Single | Multiple | Ranking):
        return {option.id: option.label for option in question.options}
    if isinstance(question, Matrix):
        return {column.id: column.label for column in question.columns}
    if isinstance(question, CSI):
        return {item.id: item.label for item in question.items}
    return {}
