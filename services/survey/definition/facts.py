"""What an attempt to answer knows, and how a condition finds it there."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from services.survey.definition.conditions import Reference
from services.survey.definition.questions import Question, Ranking

# The answer "in own words" beside the options stands among them by this id.
OTHER: Final = "other"


class Attempt(NamedTuple):
    """What one filling-in knows so far. `answers` by question key, as its type has them; `hidden` by field.

    `left`: the keys of the pages that were filled in and left. Without it the answers themselves say how far it came,
    as from a sender who knows of no pages.
    """

    answers: Mapping[str, Any]
    hidden: Mapping[str, str]
    language: str
    channel: str
    # For `before: today` and dates that must not lie in the future: the respondent's day, as ISO 8601.
    today: str
    left: frozenset[str] | None = None


class Facts:
    """Answers to questions that were asked, variables as they stand, and all that is known from the beginning.

    It grows while the attempt is walked through: only what was asked before can be known.
    """

    def __init__(self, attempt: Attempt, variables: Mapping[str, Decimal | str]) -> None:
        self.attempt = attempt
        self.asked: dict[str, Question] = {}
        self.variables = dict(variables)

    @property
    def today(self) -> str:
        return self.attempt.today

    def answer(self, key: str) -> Any:
        """None if it was not asked or not answered."""
        return self.attempt.answers.get(key) if key in self.asked else None

    def value(self, reference: Reference) -> Any:
        """None for what is not known. The id of an option stands for it; one in own words is `other`."""
        kind, name, item = _parts(reference)
        if kind == "question":
            return self._answer_to_compare(name, item)
        if kind == "variable":
            return self.variables.get(name)
        if kind == "hidden":
            return self.attempt.hidden.get(name)
        known = {"language": self.attempt.language, "channel": self.attempt.channel}
        return known.get(name) if kind == "response" else None

    def _answer_to_compare(self, key: str, item: str | None) -> Any:
        answer = self.answer(key)
        if item is not None:
            return _item(self.asked.get(key), answer, item)
        if isinstance(answer, list):
            return [_option(each) for each in answer]
        return _option(answer)


def is_answered(value: Any) -> bool:
    """An empty text, list or table is no answer; "does not apply" to all items of an index is none either."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(each is not None for each in value.values())
    return value is not None and value != []


def _item(question: Question | None, answer: Any, item: str) -> Any:
    """The cell of a table; of a ranking the place, counted from 1; of several options whether it was chosen."""
    if isinstance(answer, dict):
        return answer.get(item)
    if isinstance(answer, list):
        if isinstance(question, Ranking):
            return answer.index(item) + 1 if item in answer else None
        return item in [_option(each) for each in answer]
    return None


def _option(value: Any) -> Any:
    return OTHER if isinstance(value, dict) and value.keys() == {OTHER} else value


@lru_cache(4096)
def _parts(reference: Reference) -> tuple[str, str, str | None]:
    kind, name, *item = reference.split(".", 2)
    return kind, name, item[0] if item else None
