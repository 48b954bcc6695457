"""Whether answers fit the survey they answer, whatever sent them; the one place that decides it.

Nothing is bent into shape: what does not fit is refused. What comes back is the same answer in one spelling: addresses
and phone numbers as everybody writes them, empty texts left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.survey.definition.document import Definition
from services.survey.definition.facts import Attempt, is_answered
from services.survey.definition.flow import Walk, walk
from services.survey.definition.logic import holds
from services.survey.definition.questions import Consent, Question
from services.survey.definition.texts import Text
from services.survey.definition.values import Refused, value_of


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer is refused. `place` is a JSON Pointer into its value, empty for all of it.

    `code` and `limits` say what `words` say in English, for a page in another language; a check of the survey's own
    brings its `message`.
    """

    question: str
    code: str
    words: str
    place: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    message: Text | None = None


class Checked(NamedTuple):
    """`values`: the answers to keep, by question in the survey's order, without those that are refused or off the way.

    There are no `problems` if the answers fit.
    """

    walk: Walk
    values: Mapping[str, Any]
    problems: Sequence[Problem]


def check(definition: Definition, attempt: Attempt, *, complete: bool) -> Checked:
    """Every reason to refuse at once. `complete`: required questions of all pages that were left need an answer."""
    values: dict[str, Any] = {}
    refused: dict[str, Problem] = {}
    given = attempt.answers
    known = 0
    for page in definition.pages:
        for question in page.questions:
            if question.key not in given:
                continue
            known += 1
            try:
                value = value_of(question, given[question.key], attempt.today)
            except Refused as problem:
                refused[question.key] = Problem(
                    question.key, problem.code, problem.words, problem.place, problem.limits
                )
            else:
                if is_answered(value):
                    values[question.key] = value
    way = walk(definition, Attempt(values, *attempt[1:]))
    problems = _unknown(definition, given) if known < len(given) else []
    problems += [refused[key] for key in way.asked if key in refused]
    kept = {key: value for key, value in values.items() if key in way.asked} if way.off_path else values
    problems += _failed_checks(way, kept)
    if complete:
        problems += [_missing(way.asked[key]) for key in way.missing if key not in refused]
    return Checked(way, kept, problems)


def _unknown(definition: Definition, given: Mapping[str, Any]) -> list[Problem]:
    keys = [question.key for question in definition.questions]
    has = ", ".join(keys[:20]) + (", …" if len(keys) > 20 else "")
    return [
        Problem(key, "unknown_question", f"This survey has no question `{key}`; it has {has}.")
        for key in given
        if key not in keys
    ]


def _failed_checks(way: Walk, values: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(key, "check", next(iter(check.message.values())), message=check.message)
        for key in values
        for check in way.asked[key].checks
        if not holds(check.must, way.facts)
    ]


def _missing(question: Question) -> Problem:
    if isinstance(question, Consent):
        return Problem(question.key, "must_agree", f"`{question.key}` has to be agreed to.")
    words = f"An answer to `{question.key}` is missing. Send it, or `completed: false` for a part."
    return Problem(question.key, "missing_answer", words)
