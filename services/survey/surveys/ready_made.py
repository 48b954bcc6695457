"""The survey that a kind stands for, and an account's own words in it."""

from collections.abc import Mapping
from typing import Final

from services.survey.definition.document import Definition
from services.survey.definition.questions import Direction, Question, Scored
from services.survey.surveys.schemas import ReadyMadeKind, Wording
from services.survey.templates.catalogue import template

COMMENT: Final = "comment"
_WORDS: Final = ("title", "low_label", "high_label")


def ready_made(kind: ReadyMadeKind, direction: Direction = "high_is_good") -> Definition:
    """A score and a follow-up text, in all languages there are."""
    return template("ces_effort" if direction == "high_is_bad" else kind).definition()


def reworded(definition: Definition, wording: Mapping[str, Wording]) -> Definition:
    """The same survey with the account's own words where it gave some.

    A language that is new is added to it; what was not worded in it stays in the first one.
    """
    new = [locale for locale in wording if locale not in definition.locales]
    score, fallback = definition.score, definition.locales[0]
    pages = [
        page.model_copy(
            update={"questions": [_reworded(question, score, wording, new, fallback) for question in page.questions]}
        )
        for page in definition.pages
    ]
    return definition.model_copy(update={"pages": pages, "locales": [*definition.locales, *new]})


def _reworded(
    question: Question, score: Scored | None, wording: Mapping[str, Wording], new: list[str], fallback: str
) -> Question:
    changed: dict[str, dict[str, str]] = {}
    for field in _WORDS:
        present: dict[str, str] | None = getattr(question, field, None)
        own = {
            locale: given[field]
            for locale, words in wording.items()
            if field in (given := _given(question, score, words))
        }
        if own or (present and new):
            present = present or {}
            # The other fields of the survey stay readable in a language that came with a few words only.
            stand_in = {locale: present[fallback] for locale in new if fallback in present}
            changed[field] = {**present, **stand_in, **own}
    return question.model_copy(update=changed)


def _given(question: Question, score: Scored | None, words: Wording) -> dict[str, str]:
    if question == score:
        return words.for_score()
    return words.for_comment() if question.key == COMMENT else {}
