"""The ready-made surveys: one score and one follow-up text, worded in each language of `texts/`.

Scales and wording: NPS 0..10 (Reichheld 2003), CSAT 1..5, CES 2.0 1..7 (agreement with "made it easy", high is easy)
and CES 1.0 (effort, high is hard).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.survey.definition.document import Definition, Page
from services.survey.definition.questions import CES, CSAT, NPS, Direction, LongText, Question, Scored
from services.survey.surveys.schemas import ReadyMadeKind, Wording

SCORE: Final = "score"
COMMENT: Final = "comment"

_TEXTS = Path(__file__).parent / "texts"


def ready_made(kind: ReadyMadeKind, direction: Direction = "high_is_good") -> Definition:
    """A survey of this kind in all languages there are texts for."""
    words = _words("ces_effort" if direction == "high_is_bad" else kind)
    comment = LongText(type="long_text", key=COMMENT, title=_words(COMMENT)["title"])
    page = Page(key="page", questions=[_score(kind, direction, words), comment])
    return Definition(locales=sorted(words["title"]), pages=[page])


def reworded(definition: Definition, wording: Mapping[str, Wording]) -> Definition:
    """The same survey with the account's own words where it gave some; a language that is new is added to it."""
    known = [*definition.locales, *(locale for locale in wording if locale not in definition.locales)]
    pages = [
        page.model_copy(
            update={"questions": [_reworded(question, definition.score, wording) for question in page.questions]}
        )
        for page in definition.pages
    ]
    return definition.model_copy(update={"pages": pages, "locales": known})


def _score(kind: ReadyMadeKind, direction: Direction, words: Mapping[str, Any]) -> Question:
    common: dict[str, Any] = {"key": SCORE, "required": True, **words}
    if kind == "nps":
        return NPS(type="nps", **common)
    return CSAT(type="csat", **common) if kind == "csat" else CES(type="ces", direction=direction, **common)


def _reworded(question: Question, score: Scored | None, wording: Mapping[str, Wording]) -> Question:
    own: dict[str, dict[str, str]] = {}
    for locale, words in wording.items():
        given = words.for_score() if question == score else words.for_comment() if question.key == COMMENT else {}
        for field, text in given.items():
            own.setdefault(field, {})[locale] = text
        for field in ("title", "low_label", "high_label") if given else ():
            present = getattr(question, field, None)
            if present and locale not in present:
                # In a new language, what was not worded stays readable.
                own.setdefault(field, {}).setdefault(locale, present.get("en") or next(iter(present.values())))
    return question.model_copy(
        update={field: {**(getattr(question, field) or {}), **texts} for field, texts in own.items()}
    )


@cache
def _words(name: str) -> Mapping[str, dict[str, str]]:
    """The fields of a question, each by locale."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_TEXTS.glob("*.json")):
        texts = orjson.loads(path.read_bytes())[name]
        for field, text in (texts if isinstance(texts, dict) else {"title": texts}).items():
            found.setdefault(field, {})[path.stem] = text
    return found
